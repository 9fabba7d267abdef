// A publisher in the test's own process: states out of records, bundles and deltas by the builders of the profiles room,
// signatures when a key is given.

import { canonicalBytes, type Json } from '../../src/core/canonical-json.ts';
import { digestOf, sha256, type Digest } from '../../src/core/digest.ts';
import { compareKeys, type RecordKey } from '../../src/core/order.ts';
import type { Repository } from '../../src/oci/repository.ts';
import { buildRaw } from '../../src/profiles/json/raw.ts';
import { buildMirror } from '../../src/profiles/mirror/build.ts';
import { buildDelta, deltaTagOf, type DeltaBundle } from '../../src/profiles/mirror/delta.ts';
import { manifestsOf, smallBlobsOf, type ShardedBundle } from '../../src/profiles/sharded/compose.ts';
import type { HeadFields } from '../../src/profiles/sharded/documents.ts';
import { noBlobIndex, type StoreContext } from '../../src/profiles/sharded/store.ts';
import { EncoderPool } from '../../src/shard/encoder-pool.ts';
import { rawLine, shardLine, type StateLine } from '../../src/shard/line.ts';
import type { ChangeWithOld } from '../../src/shard/patch.ts';
import { LeafSet } from '../../src/shard/set-root.ts';
import type { Signer } from '../../src/trust/types.ts';
import { atEnd, type Scope } from '../support/scope.ts';
import { attested, later, provenanceInput } from '../trust/signing.ts';

export type Edit = RecordKey & { readonly v?: Json };

export type PublishOptions = {
  readonly created?: string;
  readonly compact?: boolean;
  /** False leaves the delta out. */
  readonly delta?: boolean;
  readonly tag?: string;
  /** Starts a chain anew. */
  readonly fresh?: boolean;
};

/** The changes between two neighbouring states. */
export type Step = { readonly from: Digest; readonly to: Digest; readonly changes: readonly ChangeWithOld[] };

export class Publisher {
  readonly repository: Repository;
  readonly signer: Signer | undefined;
  readonly #encoders = new EncoderPool(2);
  readonly #state = new Map<string, RecordKey & { readonly v: Buffer }>();
  bundle: ShardedBundle | undefined;
  /** One for each journal that was published. */
  readonly steps: Step[] = [];

  constructor(scope: Scope, repository: Repository, signer?: Signer) {
    this.repository = repository;
    this.signer = signer;
    atEnd(scope, () => this.#encoders.close());
  }

  /** The whole state as lines, by this program's own sorting. */
  records(): string {
    return this.#lines(shardLine)
      .map(({ line }) => line.toString())
      .join('');
  }

  /** Applies edits (without `v`: a removal) and publishes the new state with its delta. */
  async publish(edits: Iterable<Edit>, options: PublishOptions = {}): Promise<ShardedBundle> {
    const changes = this.#apply(edits);
    const head = this.#head('mirror:full', options.created ?? '2026-07-15T00:00:00Z', sha256);
    const previous = options.fresh ? undefined : this.bundle;
    const bundle = await buildMirror(
      {
        head,
        lines: () => pages(this.#lines(shardLine)),
        ...(previous
          ? { previous: { bundle: previous, repository: this.repository, changes: () => pages(changes) } }
          : {}),
        ...(options.compact ? { compact: true } : {}),
      },
      this.#context(),
    );
    await this.#push(bundle, options.tag ?? 'latest');
    const from = previous?.exportManifest.state.setRoot;
    if (from !== undefined) this.steps.push({ from, to: head.state.setRoot, changes });
    if (options.delta !== false) await this.#pushDelta(bundle, previous?.index.descriptor.digest ?? null, changes);
    this.bundle = bundle;
    return bundle;
  }

  /** Publishes `texts` as a json:raw bundle. */
  async publishRaw(texts: readonly (RecordKey & { readonly text: string })[], tag: string): Promise<ShardedBundle> {
    for (const { c, k, text } of texts) this.#state.set(`${c}\0${k}`, { c, k, v: Buffer.from(JSON.stringify(text)) });
    const head = this.#head('json:raw', '2026-07-15T00:00:00Z', (v) => sha256(JSON.parse(v.toString()) as string));
    const bundle = await buildRaw({ head, lines: () => pages(this.#lines(rawLine)) }, this.#context());
    await this.#push(bundle, tag);
    return bundle;
  }

  /** A delta over several states, oldest first, under a tag of its own (`mirror:delta --base`). */
  async publishSpan(from: ShardedBundle, to: ShardedBundle, steps: readonly Step[], tag: string): Promise<void> {
    const delta = await buildDelta(
      {
        target: to.index.descriptor.digest,
        manifest: to.exportManifest,
        from: from.index.descriptor.digest,
        steps: steps.map((step) => ({ ...step, changes: () => pages(step.changes) })),
      },
      this.#encoders,
    );
    await this.#pushDeltaBundle(delta, [tag]);
  }

  async #push(bundle: ShardedBundle, tag: string): Promise<void> {
    for (const { descriptor, bytes } of smallBlobsOf(bundle)) await this.repository.pushBlob(descriptor, bytes);
    for (const manifest of manifestsOf(bundle)) await this.repository.pushManifest(manifest);
    const provenance = later({ ...provenanceInput, exportManifest: bundle.config.descriptor.digest });
    if (this.signer) await attested(this.repository, bundle.index.descriptor, this.signer, { provenance });
    await this.repository.pushManifest(bundle.index, [tag]);
  }

  async #pushDelta(bundle: ShardedBundle, from: Digest | null, changes: readonly ChangeWithOld[]): Promise<void> {
    const target = bundle.index.descriptor.digest;
    const journal = bundle.journals.at(-1)?.row;
    const steps = from === null || !journal ? [] : [{ ...journal, changes: () => pages(changes) }];
    const delta = await buildDelta({ target, manifest: bundle.exportManifest, from, steps }, this.#encoders);
    await this.#pushDeltaBundle(delta, [deltaTagOf(target), 'delta']);
  }

  async #pushDeltaBundle({ config, layers, manifest }: DeltaBundle, tags: readonly string[]): Promise<void> {
    for (const { descriptor, bytes } of [config, ...layers]) await this.repository.pushBlob(descriptor, bytes);
    await this.repository.pushManifest(manifest, tags);
  }

  #apply(edits: Iterable<Edit>): ChangeWithOld[] {
    const changes: ChangeWithOld[] = [];
    for (const { c, k, v } of edits) {
      const id = `${c}\0${k}`;
      const old = this.#state.get(id)?.v;
      const before = old ? { old } : {};
      if (v === undefined) {
        if (old) changes.push({ c, k, op: 'del', ...before });
        this.#state.delete(id);
        continue;
      }
      const bytes = canonicalBytes(v);
      if (old?.equals(bytes)) continue;
      this.#state.set(id, { c, k, v: bytes });
      changes.push({ c, k, op: 'put', v: bytes, ...before });
    }
    return changes.sort(compareKeys);
  }

  #lines(format: (record: RecordKey & { readonly v: Buffer }) => Buffer): StateLine[] {
    return [...this.#state.values()].sort(compareKeys).map((record) => ({ ...record, line: format(record) }));
  }

  #head(name: string, created: string, hash: (v: Buffer) => Buffer): HeadFields {
    const leaves = new LeafSet();
    for (const { c, k, v } of this.#state.values()) leaves.add(c, k, hash(v));
    return {
      profile: { name, kind: name, revision: digestOf('revision') },
      scope: {},
      state: { setRoot: leaves.root(), records: leaves.count, created },
      leftOut: [],
      sources: [{ source: 'osv', licence: 'CC-BY-4.0' }],
      inputsHash: digestOf('inputs'),
      policyVersion: null,
    };
  }

  #context(): StoreContext {
    return { repository: this.repository, blobs: noBlobIndex, encoders: this.#encoders };
  }
}

async function* pages<Item>(items: readonly Item[]): AsyncGenerator<Item[]> {
  for (let at = 0; at < items.length; at += 500) yield items.slice(at, at + 500);
}

/** `count` made-up advisories that compress about as real ones do; the same numbers give the same records. */
export function* madeUp(count: number, from = 0): Generator<Edit> {
  for (let i = from; i < from + count; i++) {
    const noise = sha256(`advisory ${i}`).toString('hex');
    yield {
      c: i % 3 === 0 ? 'osv/osv/go' : 'osv/osv/pypa',
      k: `${noise.slice(0, 2)}/X-${i}.json`,
      v: {
        id: `X-${i}`,
        details: `${noise} affects versions before ${i}.${i % 7}. `.repeat(6),
        ranges: [i, i + 1, noise],
      },
    };
  }
}
