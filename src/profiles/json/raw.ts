// Builds a json:raw bundle (formats.md §7): index and shards of the original texts, no journals. Given an older bundle,
// only the shards that changes touch are read and written.

import type { RepositoryReader } from '../../oci/repository.ts';
import { artifactTypes } from '../../oci/media-types.ts';
import { chunk } from '../../shard/chunker.ts';
import type { ChangeRecord, StateLine } from '../../shard/line.ts';
import { composeBases, composeBundle, type ShardedBundle } from '../sharded/compose.ts';
import { deriveBase } from '../sharded/derive-base.ts';
import type { HeadFields } from '../sharded/documents.ts';
import { storeShards, type StoreContext } from '../sharded/store.ts';
import { rawReadme } from './readme.ts';

export type RawInput = {
  readonly head: HeadFields;
  /** Every raw line of the state; read only when there is no older bundle. */
  readonly lines: () => AsyncIterable<readonly StateLine[]>;
  /** An older bundle of the same profile, to save work; the result does not depend on it. */
  readonly older?: {
    readonly bundle: ShardedBundle;
    readonly repository: RepositoryReader;
    readonly changes: () => AsyncIterable<readonly ChangeRecord[]>;
  };
};

export async function buildRaw({ head, lines, older }: RawInput, context: StoreContext): Promise<ShardedBundle> {
  const shards =
    older === undefined
      ? await storeShards(context, chunk(lines()))
      : (await deriveBase(older.repository, older.bundle, older.changes(), context)).shards;
  return composeBundle({
    artifactType: artifactTypes.jsonRaw,
    readme: rawReadme,
    bases: composeBases(shards),
    journals: [],
    head,
    previous: null,
  });
}
