// The shards of a bundle's whole state (base and journals), derived from its base: what compaction makes the new base,
// for the publisher and for every consumer alike. Also the shards of a newer state, given the changes up to it.

import type { RepositoryReader } from '../../oci/repository.ts';
import { deriveShards } from '../../shard/derive.ts';
import { mapAhead } from '../../shard/encoder-pool.ts';
import { rawLine, shardLine, type ChangeRecord } from '../../shard/line.ts';
import { isRaw } from './read.ts';
import { shardLines } from './shard-lines.ts';
import type { ShardedBundle, StoredShard } from './compose.ts';
import { storeShard, writesAhead, type StoreContext } from './store.ts';

export type DerivedBase = {
  readonly shards: readonly StoredShard[];
  /** How many were rebuilt; the others were kept without being read. */
  readonly rebuilt: number;
};

/** Applies sorted `changes` to the base of `bundle` and stores the shards that differ. */
export async function deriveBase(
  from: RepositoryReader,
  bundle: ShardedBundle,
  changes: AsyncIterable<readonly ChangeRecord[]>,
  context: StoreContext,
): Promise<DerivedBase> {
  const old = bundle.bases.flatMap(({ shards }) => shards);
  const raw = isRaw(bundle);
  let rebuilt = 0;
  const derived = deriveShards({
    firstKeys: old.map(({ row }) => row),
    lines: shardLines(from, old, raw),
    changes,
    format: raw ? rawLine : shardLine,
  });
  const shards: StoredShard[] = [];
  const inOrder = mapAhead(derived, context.encoders.size + writesAhead, (item) => {
    if (item.kind === 'kept') return Promise.resolve(old[item.index] as StoredShard);
    rebuilt++;
    return storeShard(context, item.shard);
  });
  for await (const shard of inOrder) shards.push(shard);
  return { shards, rebuilt };
}
