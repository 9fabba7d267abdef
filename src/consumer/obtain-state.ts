// Gets one state into a folder without giving it a name yet: it is there already, or is derived from a held one by
// patches, or is fetched blob by blob. Whichever way, its digests, journals and set root are proven.

import type { Digest } from '../core/digest.ts';
import { ExportError } from '../core/errors.ts';
import type { StoredManifest } from '../oci/manifest.ts';
import type { RepositoryReader } from '../oci/repository.ts';
import {
  bundleBytes,
  contentLayersOf,
  layerBytes,
  manifestsOf,
  plainBundle,
  rootOf,
  smallBlobsOf,
  type ShardedBundle,
} from '../profiles/sharded/compose.ts';
import { canDerive } from '../profiles/sharded/documents.ts';
import { plainOfDigest } from '../profiles/sharded/plain.ts';
import { readBundle } from '../profiles/sharded/read.ts';
import { noBlobIndex } from '../profiles/sharded/store.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { EncoderPool } from '../shard/encoder-pool.ts';
import { applyDelta, type DeriveContext } from './apply-delta.ts';
import { checkState } from './check-state.ts';
import { isContentFault, unlessFaulty } from './content-faults.ts';
import { isSound, removeDamaged } from './damaged-blobs.ts';
import { findDeltaChain, type DeltaStep } from './delta-chain.ts';
import { fetchGraph, fetchLayers, isShardedManifest } from './fetch-artifact.ts';
import { Fetcher, type FetchHooks } from './fetcher.ts';
import type { MirrorFolder } from './mirror-folder.ts';
import { ReadThrough } from './read-through.ts';
import { refuseRollback } from './rollback.ts';

export type ObtainOptions = FetchHooks & {
  readonly source: RepositoryReader;
  readonly folder: MirrorFolder;
  readonly target: Digest;
  /** The folder's tag that is to move, whose present state is the one to start from. */
  readonly tag: string | undefined;
  readonly delta: DeltaStep | undefined;
  /** An older state was asked for by its digest. */
  readonly mayGoBack: boolean;
};

export type Obtained = {
  readonly manifest: StoredManifest;
  /** Set for mirrors and json bundles. */
  readonly bundle?: ShardedBundle;
  /** Of the whole artifact. */
  readonly bytes: number;
  readonly shardsDerived: number;
  readonly verified: readonly string[];
};

/** Patches up to this size are taken without comparing costs. */
const smallPatches = 64 * 1024;

export class ObtainState {
  readonly #options: ObtainOptions;
  readonly #encoders = new EncoderPool();
  readonly #through: ReadThrough;
  readonly #context: DeriveContext;
  #shardsDerived = 0;

  constructor(options: ObtainOptions) {
    const { source, folder, signal, onProgress } = options;
    this.#options = options;
    const fetcher = new Fetcher(source, folder, options);
    this.#through = new ReadThrough(source, folder, fetcher);
    const store = {
      repository: folder.layout,
      blobs: noBlobIndex,
      encoders: this.#encoders,
      onBlob: ({ descriptor }: { descriptor: { mediaType: string } }) => {
        if (descriptor.mediaType === mediaTypes.shard) this.#shardsDerived++;
      },
      ...(signal ? { signal } : {}),
    };
    this.#context = { folder, fetcher, store, signal, onProgress };
  }

  async run(): Promise<Obtained> {
    try {
      return await this.#obtain();
    } catch (thrown) {
      // Perhaps the folder is at fault and not the source: then what is damaged is fetched again.
      if (!isContentFault(thrown) || (await removeDamaged(this.#options.folder.layout)).length === 0) throw thrown;
      return this.#obtain();
    }
  }

  close(): Promise<void> {
    return this.#encoders.close();
  }

  async #obtain(): Promise<Obtained> {
    const held = await this.#heldStates();
    const derived = held.has(this.#options.target) ? undefined : await unlessFaulty(() => this.#derive(held));
    if (derived === undefined) return this.#fetch(held);
    for (const { descriptor, bytes } of smallBlobsOf(derived)) await this.#layout.pushBlob(descriptor, bytes);
    for (const manifest of manifestsOf(derived)) await this.#layout.pushManifest(manifest);
    return this.#proven(derived);
  }

  get #layout(): MirrorFolder['layout'] {
    return this.#options.folder.layout;
  }

  /** Bundles that have a name in the folder, which only whole ones get. */
  async #heldStates(): Promise<Map<Digest, StoredManifest>> {
    const held = new Map<Digest, StoredManifest>();
    for (const { tag, descriptor } of await this.#layout.roots()) {
      if (tag === undefined || held.has(descriptor.digest)) continue;
      const stored = await unlessFaulty(() => this.#layout.manifest(descriptor.digest));
      if (stored && isShardedManifest(stored)) held.set(descriptor.digest, stored);
    }
    return held;
  }

  async #derive(held: ReadonlyMap<Digest, StoredManifest>): Promise<ShardedBundle | undefined> {
    const { source, target, delta } = this.#options;
    const current = await this.#currentBundle(held);
    if (held.size === 0 || !current || !canDerive(current.exportManifest)) return undefined;
    const free = Math.max(smallPatches, layerBytes(current).base / 4);
    // Deltas name bundles by the digests of the default encoding, however they are stored.
    const stored = current.plain && (await this.#through.manifest(target));
    const plainOf = stored && plainOfDigest(stored);
    const starts = new Map([...held.values()].map((index) => [plainOfDigest(index) ?? index.descriptor.digest, index]));
    const chain = await findDeltaChain({
      source,
      target: plainOf ?? target,
      last: delta,
      isHeld: (digest) => starts.has(digest),
      isWorth: async (bytes) => bytes <= free || bytes <= (await this.#costOfFetching()),
    });
    const start = chain && starts.get(chain.from);
    if (!start) return undefined;
    let bundle = await readBundle(this.#layout, start);
    for (const step of chain.steps) bundle = await applyDelta(bundle, step, this.#context);
    if (plainOf !== undefined) bundle = plainBundle(bundle);
    if (rootOf(bundle).descriptor.digest !== target) return undefined;
    const continues = start.descriptor.digest === rootOf(current).descriptor.digest;
    if (!continues && !this.#options.mayGoBack) refuseRollback(current, bundle);
    // Applying a patch reads and proves the whole state; without one nothing was read yet.
    if (chain.steps.every(({ patches }) => patches.length === 0)) {
      await checkState(this.#layout, bundle, this.#options);
    }
    return bundle;
  }

  /** Bytes of the layers that the ordinary way would fetch. */
  async #costOfFetching(): Promise<number> {
    const stored = await this.#through.manifest(this.#options.target);
    if (!stored || !isShardedManifest(stored)) return Number.POSITIVE_INFINITY;
    const layers = contentLayersOf(await readBundle(this.#through, stored));
    const missing = await this.#context.fetcher.missing(layers);
    return missing.reduce((sum, { size }) => sum + size, 0);
  }

  async #fetch(held: ReadonlyMap<Digest, StoredManifest>): Promise<Obtained> {
    const { source, target } = this.#options;
    const manifest = await this.#through.manifest(target);
    if (!manifest) {
      throw new ExportError('NOT_FOUND', `${source.name} has no ${target}`, {
        hint: 'a delta can be applied only to the state that it starts from; otherwise the whole bundle is needed',
      });
    }
    if (!isShardedManifest(manifest)) return this.#fetchOther(manifest);
    const bundle = await readBundle(this.#through, manifest);
    const current = await this.#currentBundle(held);
    if (current && !this.#options.mayGoBack) refuseRollback(current, bundle);
    // What can be computed is not fetched.
    for (const { descriptor, bytes } of bundle.plain?.configs ?? []) await this.#layout.pushBlob(descriptor, bytes);
    await fetchLayers(bundle, current, this.#context);
    await checkState(this.#layout, bundle, this.#options);
    return this.#proven(bundle);
  }

  async #fetchOther(manifest: StoredManifest): Promise<Obtained> {
    const { bytes, digests } = await fetchGraph(this.#through, manifest, this.#context);
    for (const digest of digests) {
      if (await isSound(this.#layout, digest)) continue;
      throw new ExportError('DIGEST_MISMATCH', `blob ${digest} in ${this.#layout.dir} has other bytes`);
    }
    return { manifest, bytes, shardsDerived: 0, verified: ['digests'] };
  }

  /** The state that the folder's tag names, or the newest one. */
  async #currentBundle(held: ReadonlyMap<Digest, StoredManifest>): Promise<ShardedBundle | undefined> {
    const { tag, folder } = this.#options;
    const named = tag === undefined ? undefined : await this.#layout.resolve(tag);
    const digest = named?.digest ?? (await folder.state())?.states[0] ?? [...held.keys()][0];
    const stored = digest === undefined ? undefined : held.get(digest);
    return stored && unlessFaulty(() => readBundle(this.#layout, stored));
  }

  #proven(bundle: ShardedBundle): Obtained {
    return {
      manifest: rootOf(bundle),
      bundle,
      bytes: bundleBytes(bundle),
      shardsDerived: this.#shardsDerived,
      verified: ['digests', 'journals', 'set-root'],
    };
  }
}
