// Builds a mirror:full bundle (formats.md §5): base and journals of the previous bundle with today's journal on top,
// or, without a previous one, a base of the whole state. Stores content blobs; manifests are returned, not published.

import type { RepositoryReader } from '../../oci/repository.ts';
import { artifactTypes } from '../../oci/media-types.ts';
import { chunk } from '../../shard/chunker.ts';
import { journalParts } from '../../shard/journal.ts';
import type { ChangeRecord, StateLine } from '../../shard/line.ts';
import { composeBases, composeBundle, type Base, type Journal, type ShardedBundle } from '../sharded/compose.ts';
import { deriveBase } from '../sharded/derive-base.ts';
import type { HeadFields } from '../sharded/documents.ts';
import { allChanges } from '../sharded/read.ts';
import { storeJournal, storeShards, type StoreContext } from '../sharded/store.ts';
import { compactsAfter } from './compaction.ts';
import { mirrorReadme } from './readme.ts';

export type MirrorInput = {
  readonly head: HeadFields;
  /** Every line of the state; read only when there is no previous bundle. */
  readonly lines: () => AsyncIterable<readonly StateLine[]>;
  readonly previous?: {
    readonly bundle: ShardedBundle;
    readonly repository: RepositoryReader;
    /** Sorted changes from the previous bundle's state to this one. */
    readonly changes: () => AsyncIterable<readonly ChangeRecord[]>;
  };
  /** Moves the base on although the rule does not ask for it. */
  readonly compact?: boolean;
};

export async function buildMirror(input: MirrorInput, context: StoreContext): Promise<ShardedBundle> {
  const { head, previous } = input;
  if (previous === undefined) {
    const shards = await storeShards(context, chunk(input.lines()));
    return composeMirror(head, composeBases(shards), [], null);
  }
  const { bundle } = previous;
  const compacts = input.compact === true || compactsAfter(bundle);
  const bases = compacts ? await compactedBases(previous, context) : bundle.bases;
  const journals = compacts ? [] : bundle.journals;
  const today = await buildJournal(previous, head, context);
  return composeMirror(head, bases, [...journals, ...today], bundle.index.descriptor.digest);
}

/** The bundle out of its parts; a consumer composes today's bundle with the same call. */
export function composeMirror(
  head: HeadFields,
  bases: readonly Base[],
  journals: readonly Journal[],
  previous: ShardedBundle['exportManifest']['previous'],
): ShardedBundle {
  return composeBundle({
    artifactType: artifactTypes.mirrorFull,
    readme: mirrorReadme,
    bases,
    journals,
    head,
    previous,
  });
}

/** The previous state as a base; without journals it is the base that is there. */
export async function compactedBases(
  previous: { readonly bundle: ShardedBundle; readonly repository: RepositoryReader },
  context: StoreContext,
): Promise<readonly Base[]> {
  const { bundle, repository } = previous;
  if (bundle.journals.length === 0) return bundle.bases;
  const { shards } = await deriveBase(repository, bundle, allChanges(repository, bundle), context);
  return composeBases(shards);
}

/** Today's journal, or none when the set root did not move. */
async function buildJournal(
  previous: NonNullable<MirrorInput['previous']>,
  head: HeadFields,
  context: StoreContext,
): Promise<Journal[]> {
  const from = previous.bundle.exportManifest.state.setRoot;
  const to = head.state.setRoot;
  if (from === to) return [];
  const counts = { puts: 0, dels: 0 };
  const layers = await storeJournal(context, journalParts(counted(previous.changes(), counts)));
  return [{ row: { from, to, ...counts, parts: layers.length }, layers }];
}

async function* counted(
  pages: AsyncIterable<readonly ChangeRecord[]>,
  counts: { puts: number; dels: number },
): AsyncGenerator<readonly ChangeRecord[]> {
  for await (const page of pages) {
    for (const { op } of page) {
      if (op === 'put') counts.puts++;
      else counts.dels++;
    }
    yield page;
  }
}
