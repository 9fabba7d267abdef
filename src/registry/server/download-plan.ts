// What a download of a bundle consists of: a tar of its OCI image layout (image-spec v1.1.1, image-layout.md) with the
// bundle, its referrers and cosign's tags, entries sorted by name. All sizes stand in descriptors, so the length of the
// archive and the place of every byte in it are known before a blob is read.

import { digestAlgorithm, digestHex, digestOf, isDigest, type Digest } from '../../core/digest.ts';
import { canonicalBytes } from '../../core/canonical-json.ts';
import { ExportError } from '../../core/errors.ts';
import { compareUtf8 } from '../../core/order.ts';
import { bare, type Descriptor } from '../../oci/descriptor.ts';
import { childrenOf, parseManifest } from '../../oci/manifest.ts';
import { annotationNames, manifestMediaTypes } from '../../oci/media-types.ts';
import type { StoredRepository } from '../storage/storage.ts';
import { paddingOf, tarEnd, tarHeader } from './download-tar.ts';

/** A stretch of the archive: bytes that are at hand, or a blob of the repository. */
export type Segment = {
  /** Where in the archive it begins. */
  readonly offset: number;
  readonly size: number;
} & ({ readonly bytes: Buffer } | { readonly digest: Digest });

export type DownloadPlan = {
  readonly digest: Digest;
  readonly size: number;
  /** Names these very bytes: changes when a signature was added, or the tag moved. */
  readonly etag: string;
  readonly segments: readonly Segment[];
};

const legacySuffixes = ['att', 'sbom', 'sig'] as const;

/**
 * Plans the archive of what `reference` (a tag or digest) names. Undefined when there is no such manifest; NOT_FOUND
 * when something that belongs to it is missing.
 */
export async function planDownload(repository: StoredRepository, reference: string): Promise<DownloadPlan | undefined> {
  const root = await repository.resolve(reference);
  if (!root) return undefined;
  const gathered = new Gathering(repository);
  // An entry without a name is one that most programs cannot choose.
  const name = isDigest(reference) ? `digest-${digestHex(root.digest).slice(0, 12)}` : reference;
  await gathered.artifact(root, name);
  for (const suffix of legacySuffixes) {
    const tag = `${digestAlgorithm(root.digest)}-${digestHex(root.digest)}.${suffix}`;
    const found = await repository.resolve(tag);
    if (found) await gathered.artifact(found, tag);
  }
  return layOut(root.digest, gathered);
}

class Gathering {
  readonly content = new Map<Digest, number>();
  readonly entries: Descriptor[] = [];
  readonly #repository: StoredRepository;
  readonly #seen = new Set<Digest>();

  constructor(repository: StoredRepository) {
    this.#repository = repository;
  }

  /** A manifest as an entry of index.json, with all that it consists of and all that refers to it. */
  async artifact(root: Descriptor, name?: string): Promise<void> {
    if (name !== undefined) this.entries.push({ ...bare(root), annotations: { [annotationNames.refName]: name } });
    if (this.#seen.has(root.digest)) return;
    this.#seen.add(root.digest);
    if (name === undefined) this.entries.push(root);
    await this.#manifest(root.digest);
    const referrers = await this.#repository.referrers(root.digest);
    for (const referrer of referrers.toSorted((a, b) => compareUtf8(a.digest, b.digest))) await this.artifact(referrer);
  }

  async #manifest(digest: Digest): Promise<void> {
    if (this.content.has(digest)) return;
    const stored = await this.#repository.manifest(digest);
    if (!stored) throw missing('manifest', digest);
    this.content.set(digest, stored.bytes.length);
    for (const child of childrenOf(parseManifest(stored.bytes, stored.descriptor.mediaType))) {
      if (manifestMediaTypes.includes(child.mediaType)) await this.#manifest(child.digest);
      else await this.#blob(child);
    }
  }

  async #blob({ digest, size }: Descriptor): Promise<void> {
    if (this.content.has(digest)) return;
    if ((await this.#repository.statBlob(digest)) !== size) throw missing('blob', digest);
    this.content.set(digest, size);
  }
}

function layOut(digest: Digest, { content, entries }: Gathering): DownloadPlan {
  const index = canonicalBytes({ schemaVersion: 2, manifests: entries });
  const files: readonly (readonly [string, Buffer | Digest, number])[] = [
    ...[...content].map(([blob, size]) => [`blobs/${digestAlgorithm(blob)}/${digestHex(blob)}`, blob, size] as const),
    ['index.json', index, index.length] as const,
    ['oci-layout', layoutMarker, layoutMarker.length] as const,
  ].toSorted((a, b) => compareUtf8(a[0], b[0]));
  const segments: Segment[] = [];
  let offset = 0;
  const add = (what: Buffer | Digest, size: number): void => {
    if (size === 0) return;
    segments.push({ offset, size, ...(typeof what === 'string' ? { digest: what } : { bytes: what }) });
    offset += size;
  };
  for (const [name, what, size] of files) {
    const header = tarHeader(name, size);
    add(header, header.length);
    add(what, size);
    add(Buffer.alloc(paddingOf(size)), paddingOf(size));
  }
  add(tarEnd, tarEnd.length);
  // Names are digests, so that names, sizes and index.json decide every byte.
  const names = files.map(([name, , size]) => `${name} ${size}\n`).join('');
  return { digest, size: offset, etag: `"${digestOf(names + index.toString('utf8'))}"`, segments };
}

const layoutMarker = Buffer.from('{"imageLayoutVersion":"1.0.0"}');

function missing(kind: string, digest: Digest): ExportError {
  return new ExportError('NOT_FOUND', `the ${kind} ${digest}, which belongs to it, is missing or has another size`, {
    hint: 'export or push the bundle again',
  });
}
