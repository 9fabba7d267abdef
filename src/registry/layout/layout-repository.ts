// An OCI image layout folder as a `Repository` (image-spec v1.1.1 image-layout.md), in the form that oras, skopeo and
// crane read and write: tags are entries of index.json with a name; referrers without a tag are entries without one,
// so that `oras discover --oci-layout` finds them. Blobs that are missing are missed only when they are asked for.

import { join } from 'node:path';
import { isDigest, type Digest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import { compareUtf8 } from '../../core/order.ts';
import { bare, type Descriptor } from '../../oci/descriptor.ts';
import { isIndex, type StoredManifest } from '../../oci/manifest.ts';
import { isTag } from '../../oci/reference.ts';
import type { BlobSource, Repository } from '../../oci/repository.ts';
import { fallbackTag } from '../client/fallback-tag.ts';
import { makeFolder, readOptionalFile, writeFileDurably } from '../storage/durable-file.ts';
import { examineManifest, type ManifestFacts } from '../storage/manifest-rules.ts';
import { LayoutFiles } from './layout-files.ts';
import { emptyIndex, layoutEntry, readLayoutIndex, writeLayoutIndex } from './layout-index.ts';
import type { LayoutEntry, LayoutIndex } from './layout-index.ts';
import { layoutManifestFacts, parseLayoutManifest, readLayoutManifest } from './layout-manifests.ts';
import { pruneLayout, type PruneResult } from './prune-layout.ts';

export interface LayoutRepository extends Repository {
  readonly dir: string;
  /** The entries of index.json, named or not. */
  roots(): Promise<readonly LayoutEntry[]>;
  /** Lists a manifest that is there as an entry without a name, unless it is listed already. */
  addRoot(descriptor: Descriptor): Promise<void>;
  /** Same as deleteTag: a referrer stays listed without its name, other content is left to `prune`. */
  removeTag(tag: string): Promise<void>;
  /**
   * Removes blobs that cannot be reached from index.json or `keep`, children and referrers followed, and entries of
   * referrers whose subject goes. Nothing may be written to the layout meanwhile.
   */
  prune(keep?: Iterable<Digest>): Promise<PruneResult>;
  /** The file of a blob, whether it is there or not. */
  blobPath(digest: Digest): string;
  /** Where an unfinished download of a blob waits; on the same file system as its place. */
  partPath(digest: Digest): string;
}

/**
 * Opens the layout in `dir`; with `create` an empty one is made where none is. Errors: NOT_FOUND when there is none,
 * INPUT_INVALID when its files are damaged or of another version.
 */
export async function openLayout(dir: string, options: { readonly create?: boolean } = {}): Promise<LayoutRepository> {
  const files = new LayoutFiles(dir);
  const marker = await readOptionalFile(join(dir, 'oci-layout'));
  if (marker) checkMarker(marker, dir);
  else if (options.create) await createLayout(files);
  else {
    throw new ExportError('NOT_FOUND', `${dir} is no OCI image layout`, {
      hint: 'give the folder that holds the files oci-layout and index.json',
    });
  }
  // A damaged index is refused now, and not in the middle of the work.
  await readLayoutIndex(dir);
  return new FolderRepository(files);
}

class FolderRepository implements LayoutRepository {
  readonly dir: string;
  readonly name: string;
  readonly #files: LayoutFiles;
  /** What manifests say about themselves never changes, since the digest names the bytes. */
  readonly #referrers = new Map<Digest, ManifestFacts['referrer']>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(files: LayoutFiles) {
    this.#files = files;
    this.dir = files.dir;
    this.name = files.dir;
  }

  blobPath(digest: Digest): string {
    return this.#files.path(digest);
  }

  partPath(digest: Digest): string {
    return this.#files.partPath(digest);
  }

  async roots(): Promise<readonly LayoutEntry[]> {
    return (await readLayoutIndex(this.dir)).entries;
  }

  async resolve(reference: string): Promise<Descriptor | undefined> {
    const entry = await this.#find(reference);
    if (isDigest(reference)) return (await readLayoutManifest(this.#files, reference, entry?.mediaType))?.descriptor;
    return entry && bare(entry);
  }

  async manifest(reference: string): Promise<StoredManifest | undefined> {
    const entry = await this.#find(reference);
    const digest = isDigest(reference) ? reference : entry?.digest;
    return digest === undefined ? undefined : readLayoutManifest(this.#files, digest, entry?.mediaType);
  }

  statBlob(digest: Digest): Promise<number | undefined> {
    return this.#files.size(digest);
  }

  openBlob(descriptor: Descriptor, from = 0): AsyncIterable<Buffer> {
    return this.#files.read(descriptor, from);
  }

  async referrers(subject: Digest, artifactType?: string): Promise<Descriptor[]> {
    const found = new Map<Digest, Descriptor>();
    const look = async ({ digest, mediaType }: Descriptor): Promise<void> => {
      const referrer = await this.#referrer(digest, mediaType);
      if (referrer?.subject === subject) found.set(digest, referrer.descriptor);
    };
    for (const { descriptor } of await this.roots()) await look(descriptor);
    // Programs that copy tag by tag bring the list of a registry without referrers API along.
    const stored = await this.manifest(fallbackTag(subject));
    const list = stored && parseLayoutManifest(stored);
    if (list && isIndex(list)) for (const entry of list.manifests) await look(entry);
    const all = [...found.values()];
    return artifactType === undefined ? all : all.filter((entry) => entry.artifactType === artifactType);
  }

  async tags(): Promise<string[]> {
    const tags = new Set((await this.roots()).flatMap(({ tag }) => (tag === undefined ? [] : [tag])));
    return [...tags].sort(compareUtf8);
  }

  pushBlob(descriptor: Descriptor, source: BlobSource): Promise<'present' | 'written'> {
    return this.#files.write(descriptor, source);
  }

  async pushManifest(stored: StoredManifest, tags: readonly string[] = []): Promise<'present' | 'written'> {
    for (const tag of tags) if (!isTag(tag)) throw new ExportError('USAGE', `not a tag: ${JSON.stringify(tag)}`);
    const { needs, referrer } = examineManifest(stored);
    for (const { digest } of needs) {
      if ((await this.statBlob(digest)) !== undefined) continue;
      throw new ExportError(
        'NOT_FOUND',
        `${digest}, which manifest ${stored.descriptor.digest} needs, is not in ${this.dir}`,
      );
    }
    const result = await this.#files.write(stored.descriptor, stored.bytes);
    if (tags.length > 0 || referrer) {
      await this.#change(async (entries) => {
        const named = await this.#name(entries, bare(stored.descriptor), tags);
        return referrer ? listOnce(named, referrer.descriptor) : named;
      });
    }
    return result;
  }

  addRoot(descriptor: Descriptor): Promise<void> {
    return this.#change((entries) => Promise.resolve(listOnce(entries, descriptor)));
  }

  deleteTag(tag: string): Promise<void> {
    return this.#change((entries) => this.#unname(entries, tag));
  }

  removeTag(tag: string): Promise<void> {
    return this.deleteTag(tag);
  }

  prune(keep: Iterable<Digest> = []): Promise<PruneResult> {
    return this.#inTurn(() => pruneLayout(this.#files, new Set(keep)));
  }

  /** The index.json entry of a tag or digest; the last one of a name wins, as with oras. */
  async #find(reference: string): Promise<Descriptor | undefined> {
    const byDigest = isDigest(reference);
    const entries = await this.roots();
    return entries.findLast(({ tag, descriptor }) => (byDigest ? descriptor.digest === reference : tag === reference))
      ?.descriptor;
  }

  async #referrer(digest: Digest, mediaType: string): Promise<ManifestFacts['referrer']> {
    if (this.#referrers.has(digest)) return this.#referrers.get(digest);
    const stored = await readLayoutManifest(this.#files, digest, mediaType);
    // One that is not there yet may still come.
    if (!stored) return undefined;
    const { referrer } = layoutManifestFacts(stored);
    this.#referrers.set(digest, referrer);
    return referrer;
  }

  async #name(
    entries: readonly LayoutEntry[],
    descriptor: Descriptor,
    tags: readonly string[],
  ): Promise<LayoutEntry[]> {
    let changed = [...entries];
    for (const tag of tags) {
      const holders = changed.filter((entry) => entry.tag === tag);
      if (holders.length === 1 && holders[0]?.descriptor.digest === descriptor.digest) continue;
      changed = [...(await this.#unname(changed, tag)), layoutEntry(descriptor, tag)];
    }
    // An entry without a name says nothing that one with a name does not say.
    const isNamed = changed.some((entry) => entry.tag !== undefined && entry.descriptor.digest === descriptor.digest);
    if (!isNamed) return changed;
    return changed.filter((entry) => entry.tag !== undefined || entry.descriptor.digest !== descriptor.digest);
  }

  async #unname(entries: readonly LayoutEntry[], tag: string): Promise<LayoutEntry[]> {
    let rest = entries.filter((entry) => entry.tag !== tag);
    for (const { descriptor } of entries.filter((entry) => entry.tag === tag)) {
      const referrer = await this.#referrer(descriptor.digest, descriptor.mediaType);
      if (referrer) rest = listOnce(rest, referrer.descriptor);
    }
    return rest;
  }

  #change(work: (entries: readonly LayoutEntry[]) => Promise<LayoutEntry[]>): Promise<void> {
    return this.#inTurn(async () => {
      const index: LayoutIndex = await readLayoutIndex(this.dir);
      const entries = await work(index.entries);
      const same = entries.length === index.entries.length && entries.every((entry, i) => entry === index.entries[i]);
      if (!same) await writeLayoutIndex(this.dir, this.#files.ingest, { ...index, entries });
    });
  }

  /** Changes of index.json follow each other. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.catch(() => {}).then(work);
    this.#turn = turn;
    return turn;
  }
}

function listOnce(entries: readonly LayoutEntry[], descriptor: Descriptor): LayoutEntry[] {
  if (entries.some((entry) => entry.descriptor.digest === descriptor.digest)) return [...entries];
  return [...entries, layoutEntry(descriptor)];
}

async function createLayout(files: LayoutFiles): Promise<void> {
  await makeFolder(join(files.dir, 'blobs', 'sha256'));
  await makeFolder(files.ingest);
  if (!(await readOptionalFile(join(files.dir, 'index.json')))) {
    await writeLayoutIndex(files.dir, files.ingest, emptyIndex);
  }
  // Last, because it is what makes the folder a layout.
  await writeFileDurably(files.ingest, join(files.dir, 'oci-layout'), Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
}

function checkMarker(bytes: Buffer, dir: string): void {
  let version: unknown;
  try {
    version = (JSON.parse(bytes.toString('utf8')) as { imageLayoutVersion?: unknown } | null)?.imageLayoutVersion;
  } catch (cause) {
    throw new ExportError('INPUT_INVALID', `${join(dir, 'oci-layout')} is damaged: it is not JSON`, { cause });
  }
  if (typeof version === 'string' && version.startsWith('1.')) return;
  throw new ExportError('INPUT_INVALID', `${dir} is an OCI image layout of an unknown version`);
}
