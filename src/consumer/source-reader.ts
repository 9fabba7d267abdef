// The side that is pulled from: counts what is fetched, and remembers small things, so that a signature that was
// verified is not fetched a second time to be stored.

import type { Digest } from '../core/digest.ts';
import { isDigest } from '../core/digest.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { StoredManifest } from '../oci/manifest.ts';
import type { RepositoryReader } from '../oci/repository.ts';

/** Signatures, provenance, configs of deltas; a day's are a few KB. */
const rememberedSize = 32 * 1024;
const rememberedTotal = 8 * 1024 * 1024;

export class SourceReader implements RepositoryReader {
  readonly name: string;
  /** Blobs that were fetched to their end. */
  blobs = 0;
  /** Bytes of manifests and blobs, without what a protocol adds. */
  bytes = 0;
  readonly #inner: RepositoryReader;
  readonly #manifests = new Map<string, StoredManifest | undefined>();
  readonly #small = new Map<Digest, Buffer>();
  readonly #referrers = new Map<Digest, Descriptor[]>();
  #remembered = 0;

  constructor(inner: RepositoryReader) {
    this.#inner = inner;
    this.name = inner.name;
  }

  resolve(reference: string): Promise<Descriptor | undefined> {
    const known = this.#manifests.get(reference);
    return known ? Promise.resolve(known.descriptor) : this.#inner.resolve(reference);
  }

  async manifest(reference: string): Promise<StoredManifest | undefined> {
    if (this.#manifests.has(reference)) return this.#manifests.get(reference);
    const stored = await this.#inner.manifest(reference);
    this.bytes += stored?.bytes.length ?? 0;
    if (this.#mayRemember(stored?.bytes.length ?? 0)) {
      this.#manifests.set(reference, stored);
      if (stored && !isDigest(reference)) this.#manifests.set(stored.descriptor.digest, stored);
    }
    return stored;
  }

  statBlob(digest: Digest): Promise<number | undefined> {
    return this.#inner.statBlob(digest);
  }

  async *openBlob(descriptor: Descriptor, from = 0): AsyncGenerator<Buffer> {
    const known = this.#small.get(descriptor.digest);
    if (known?.length === descriptor.size) {
      yield known.subarray(from);
      return;
    }
    const keep = from === 0 && this.#mayRemember(descriptor.size);
    const pieces: Buffer[] = [];
    for await (const piece of this.#inner.openBlob(descriptor, from)) {
      this.bytes += piece.length;
      if (keep) pieces.push(piece);
      yield piece;
    }
    this.blobs++;
    if (keep) this.#small.set(descriptor.digest, Buffer.concat(pieces));
  }

  async referrers(subject: Digest, artifactType?: string): Promise<Descriptor[]> {
    let all = this.#referrers.get(subject);
    if (all === undefined) this.#referrers.set(subject, (all = await this.#inner.referrers(subject)));
    return artifactType === undefined ? all : all.filter((entry) => entry.artifactType === artifactType);
  }

  tags(): Promise<string[]> {
    return this.#inner.tags();
  }

  #mayRemember(size: number): boolean {
    if (size > rememberedSize || this.#remembered + size > rememberedTotal) return false;
    this.#remembered += size;
    return true;
  }
}
