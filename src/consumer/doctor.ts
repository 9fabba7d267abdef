// `mirror doctor`: hashes every blob of a folder again, looks whether everything that a name leads to is there and fits
// together, and repairs what is damaged by fetching it again from where the folder was pulled.

import type { Digest } from '../core/digest.ts';
import { toExportError } from '../core/errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { childrenOf, parseManifest, type StoredManifest } from '../oci/manifest.ts';
import { isIndexType, manifestMediaTypes } from '../oci/media-types.ts';
import type { RepositoryReader } from '../oci/repository.ts';
import type { ShardedBundle } from '../profiles/sharded/compose.ts';
import { readBundle } from '../profiles/sharded/read.ts';
import { checkState } from './check-state.ts';
import { unlessFaulty } from './content-faults.ts';
import { blobsOf, isSound } from './damaged-blobs.ts';
import { isShardedManifest } from './fetch-artifact.ts';
import { Fetcher } from './fetcher.ts';
import { MirrorFolder } from './mirror-folder.ts';
import { obtainDatabase } from './obtain-database.ts';
import { openSource, type OpenedSource } from './open-source.ts';
import { rebuildIndex } from './rebuild-index.ts';
import type { DoctorResult, NetworkOptions } from './types.ts';

type Finding = DoctorResult['damaged'][number];

/** `ok` when nothing is damaged any more. Errors: NOT_FOUND for a folder without a layout, CONFLICT, STORAGE_…. */
export async function mirrorDoctor(dir: string, network: NetworkOptions): Promise<DoctorResult> {
  const rebuilt = await rebuildIndex(dir);
  const folder = await MirrorFolder.open(dir, { create: false });
  const examination = new Examination(folder, network);
  try {
    const result = await examination.run();
    const damaged = [...(rebuilt ? [rebuilt] : []), ...result.damaged];
    return { ok: damaged.every(({ repaired }) => repaired), checked: result.checked, damaged };
  } finally {
    await examination.close();
    await folder.close();
  }
}

class Examination {
  readonly #folder: MirrorFolder;
  readonly #network: NetworkOptions;
  readonly #findings: Finding[] = [];
  readonly #damaged = new Set<Digest>();
  readonly #seen = new Set<Digest>();
  #source: OpenedSource | undefined;

  constructor(folder: MirrorFolder, network: NetworkOptions) {
    this.#folder = folder;
    this.#network = network;
  }

  async run(): Promise<Omit<DoctorResult, 'ok'>> {
    const { layout } = this.#folder;
    const all = await blobsOf(layout);
    for (const digest of all) if (!(await isSound(layout, digest))) this.#damaged.add(digest);
    const roots = new Map((await layout.roots()).map(({ descriptor }) => [descriptor.digest, descriptor]));
    // Mirrors first: what they make can be made again once their rows are whole.
    for (const root of roots.values()) if (isIndexType(root.mediaType)) await this.#examine(root, 'index.json');
    for (const root of roots.values()) await this.#examine(root, 'index.json');
    const wholeWasSeen = this.#unrepaired() === 0;
    for (const digest of this.#damaged) if (!this.#seen.has(digest)) await this.#noteUnneeded(digest, wholeWasSeen);
    if (wholeWasSeen) for (const root of roots.values()) await this.#checkBundle(root);
    return { checked: all.length, damaged: this.#findings };
  }

  async close(): Promise<void> {
    await this.#source?.close();
  }

  /** A blob and, when it is a manifest, everything below it. */
  async #examine(descriptor: Descriptor, parent: string): Promise<void> {
    const { digest, mediaType } = descriptor;
    if (this.#seen.has(digest)) return;
    this.#seen.add(digest);
    const isDamaged = this.#damaged.has(digest);
    if (isDamaged || !(await this.#folder.has(descriptor))) {
      const reason = isDamaged ? 'its bytes are damaged' : `it is missing, and ${parent} needs it`;
      const why = await this.#repair(descriptor);
      this.#note(digest, why === undefined ? reason : `${reason}; ${why}`, why === undefined);
      if (why !== undefined) return;
    }
    if (!manifestMediaTypes.includes(mediaType)) return;
    const stored = await this.#folder.layout.manifest(digest);
    const children = stored ? childrenOf(parseManifest(stored.bytes, mediaType)) : [];
    for (const child of children) await this.#examine(child, digest);
  }

  async #noteUnneeded(digest: Digest, isCertain: boolean): Promise<void> {
    // Below a manifest that could not be read anything might be needed.
    if (!isCertain) return this.#note(digest, 'its bytes are damaged', false);
    await this.#folder.drop(digest);
    this.#note(digest, 'its bytes are damaged, and nothing needs it: removed', true);
  }

  /** Why it could not be fetched again; undefined when it is there now. */
  async #repair(descriptor: Descriptor): Promise<string | undefined> {
    const { layout } = this.#folder;
    try {
      const source = await this.#openSource();
      if (await this.#makeAgain(descriptor.digest, source)) return undefined;
      if (!source) return 'where it came from is not known: pull again';
      if (manifestMediaTypes.includes(descriptor.mediaType)) {
        const stored = await source.reader.manifest(descriptor.digest);
        if (!stored) return `${source.reader.name} does not have it any more`;
        await this.#replace(stored);
      } else {
        const { signal } = this.#network;
        await new Fetcher(source.reader, this.#folder, { signal }).again(descriptor);
      }
      this.#damaged.delete(descriptor.digest);
      return (await isSound(layout, descriptor.digest)) ? undefined : 'what was fetched is damaged too';
    } catch (thrown) {
      return toExportError(thrown).message;
    }
  }

  /** Part of a database that a mirror of this folder makes: out of its rows. */
  async #makeAgain(digest: Digest, source: OpenedSource | undefined): Promise<boolean> {
    const { layout } = this.#folder;
    for (const { descriptor } of await layout.roots()) {
      const bundle = await unlessFaulty(() => this.#bundleOf(descriptor));
      const rebuilds = bundle?.exportManifest.rebuilds;
      if (!bundle || (rebuilds?.layerDigest !== digest && rebuilds?.manifestDigest !== digest)) continue;
      await this.#folder.drop(digest);
      const beside = (name: string): RepositoryReader => source?.beside(name) ?? layout;
      await obtainDatabase(bundle, { folder: this.#folder, beside, signal: this.#network.signal });
      this.#damaged.delete(digest);
      return true;
    }
    return false;
  }

  /** The mirror or json bundle that a root of the folder is; undefined for everything else. */
  async #bundleOf({ digest, mediaType }: Descriptor): Promise<ShardedBundle | undefined> {
    const stored = isIndexType(mediaType) ? await this.#folder.layout.manifest(digest) : undefined;
    return stored && isShardedManifest(stored) ? readBundle(this.#folder.layout, stored) : undefined;
  }

  async #replace({ descriptor, bytes }: StoredManifest): Promise<void> {
    await this.#folder.drop(descriptor.digest);
    await this.#folder.layout.pushBlob(descriptor, bytes);
  }

  async #openSource(): Promise<OpenedSource | undefined> {
    const reference = (await this.#folder.state())?.reference;
    if (reference === undefined) return undefined;
    this.#source ??= await openSource(reference, this.#network);
    return this.#source;
  }

  /** Sound blobs may still be the wrong ones for each other. */
  async #checkBundle(root: Descriptor): Promise<void> {
    const { layout } = this.#folder;
    try {
      const bundle = await this.#bundleOf(root);
      if (bundle) await checkState(layout, bundle, { signal: this.#network.signal });
    } catch (thrown) {
      this.#note(root.digest, toExportError(thrown).message, false);
    }
  }

  #note(digest: string, reason: string, repaired: boolean): void {
    this.#findings.push({ digest, reason, repaired });
  }

  #unrepaired(): number {
    return this.#findings.filter(({ repaired }) => !repaired).length;
  }
}
