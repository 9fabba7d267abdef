// A repository in memory, for tests of what is attached to an artifact and for the small registry beside this file.

import { digestOf, isDigest, type Digest } from '../../src/core/digest.ts';
import { ExportError } from '../../src/core/errors.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { childrenOf, imageManifest, parseManifest, emptyDescriptor, emptyJson } from '../../src/oci/manifest.ts';
import type { StoredManifest } from '../../src/oci/manifest.ts';
import type { BlobSource, Repository } from '../../src/oci/repository.ts';

export class MemoryRepository implements Repository {
  readonly name: string;
  readonly blobs = new Map<string, Buffer>();
  readonly manifests = new Map<string, StoredManifest>();
  readonly tagged = new Map<string, Digest>();
  /** Every write in order: `blob sha256:…`, `manifest sha256:…`, `tag name`. */
  readonly writes: string[] = [];

  constructor(name = 'localhost/test') {
    this.name = name;
  }

  async resolve(reference: string): Promise<Descriptor | undefined> {
    return (await this.manifest(reference))?.descriptor;
  }

  async manifest(reference: string): Promise<StoredManifest | undefined> {
    return this.manifests.get(isDigest(reference) ? reference : (this.tagged.get(reference) ?? ''));
  }

  async statBlob(digest: Digest): Promise<number | undefined> {
    return this.blobs.get(digest)?.length;
  }

  async *openBlob(descriptor: Descriptor, from = 0): AsyncIterable<Buffer> {
    const bytes = this.blobs.get(descriptor.digest);
    if (!bytes) throw new ExportError('NOT_FOUND', `no blob ${descriptor.digest}`);
    yield bytes.subarray(from);
    if (from === 0 && (bytes.length !== descriptor.size || digestOf(bytes) !== descriptor.digest)) {
      throw new ExportError('DIGEST_MISMATCH', 'the blob is damaged');
    }
  }

  async referrers(subject: Digest, artifactType?: string): Promise<Descriptor[]> {
    const found: Descriptor[] = [];
    for (const { descriptor, bytes } of this.manifests.values()) {
      const manifest = parseManifest(bytes, descriptor.mediaType);
      if (manifest.subject?.digest !== subject) continue;
      const type = manifest.artifactType ?? ('config' in manifest ? manifest.config.mediaType : undefined);
      if (artifactType !== undefined && type !== artifactType) continue;
      const { annotations } = manifest;
      found.push({ ...descriptor, ...(type ? { artifactType: type } : {}), ...(annotations ? { annotations } : {}) });
    }
    return found;
  }

  async tags(): Promise<string[]> {
    return [...this.tagged.keys()].sort();
  }

  async pushBlob(descriptor: Descriptor, source: BlobSource): Promise<'present' | 'written'> {
    if (this.blobs.has(descriptor.digest)) return 'present';
    const chunks: Uint8Array[] = [];
    for await (const chunk of Buffer.isBuffer(source) ? [source] : source()) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    if (digestOf(bytes) !== descriptor.digest || bytes.length !== descriptor.size) throw new Error('wrong blob');
    this.blobs.set(descriptor.digest, bytes);
    this.writes.push(`blob ${descriptor.digest}`);
    return 'written';
  }

  async pushManifest(manifest: StoredManifest, tags: readonly string[] = []): Promise<'present' | 'written'> {
    const { digest, mediaType } = manifest.descriptor;
    for (const child of childrenOf(parseManifest(manifest.bytes, mediaType))) {
      if (!this.blobs.has(child.digest) && !this.manifests.has(child.digest)) {
        throw new ExportError('REGISTRY_REFUSED', `manifest before its part ${child.digest}`);
      }
    }
    const present = this.manifests.has(digest);
    this.manifests.set(digest, manifest);
    if (!present) this.writes.push(`manifest ${digest}`);
    for (const tag of tags) {
      this.tagged.set(tag, digest);
      this.writes.push(`tag ${tag}`);
    }
    return present ? 'present' : 'written';
  }

  async deleteTag(tag: string): Promise<void> {
    this.tagged.delete(tag);
  }
}

/** A small artifact to sign: one layer with `text`, tagged when asked. */
export async function pushArtifact(repository: Repository, text: string, tags: string[] = []): Promise<Descriptor> {
  const layer = Buffer.from(text);
  const described = { mediaType: 'text/plain', digest: digestOf(layer), size: layer.length };
  await repository.pushBlob(described, layer);
  await repository.pushBlob(emptyDescriptor, emptyJson);
  const manifest = imageManifest({ artifactType: 'application/x-test', config: emptyDescriptor, layers: [described] });
  await repository.pushManifest(manifest, tags);
  return manifest.descriptor;
}
