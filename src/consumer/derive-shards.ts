// Derives from a held bundle the shards that a newer base shares with the held state, so that a compaction whose delta
// is not at hand moves few bytes. A shard counts only when raw digest and compressed digest are the listed ones.

import type { RepositoryReader } from '../oci/repository.ts';
import { digestOf, type Digest } from '../core/digest.ts';
import { deriveShards } from '../shard/derive.ts';
import { rawLine, shardLine, type StateLine } from '../shard/line.ts';
import type { ShardedBundle, StoredShard } from '../profiles/sharded/compose.ts';
import { allChanges, isRaw, readShard } from '../profiles/sharded/read.ts';
import { storeShard, type StoreContext } from '../profiles/sharded/store.ts';

/** Stores those of `wanted` that the state of `held` contains; the others are left to be fetched. */
export async function deriveWanted(
  repository: RepositoryReader,
  held: ShardedBundle,
  wanted: readonly StoredShard[],
  store: StoreContext,
): Promise<void> {
  if (held.journals.length === 0 || wanted.length === 0) return;
  const raw = isRaw(held);
  const listed = new Set<Digest>(wanted.map(({ row }) => row.raw));
  const old = held.bases.flatMap(({ shards }) => shards);
  const derived = deriveShards({
    firstKeys: old.map(({ row }) => row),
    lines: rememberLast((index) => readShard(repository, old[index] as StoredShard, raw)),
    changes: allChanges(repository, held),
    format: raw ? rawLine : shardLine,
  });
  for await (const item of derived) {
    if (item.kind === 'new' && listed.has(digestOf(item.shard.raw))) await storeShard(store, item.shard);
  }
}

/** A shard whose first line is looked at is usually read right after. */
function rememberLast(read: (index: number) => Promise<StateLine[]>): (index: number) => Promise<StateLine[]> {
  let last: { readonly index: number; readonly lines: Promise<StateLine[]> } | undefined;
  return (index) => {
    if (last?.index !== index) last = { index, lines: read(index) };
    return last.lines;
  };
}
