// Proves that a bundle's records are the state that it names: every line is read, every shard and journal part against
// its digest, and the set roots of base and state are computed anew (formats.md §4, §5).

import { sha256 } from '../core/digest.ts';
import { ExportError } from '../core/errors.ts';
import type { RepositoryReader } from '../oci/repository.ts';
import type { Journal, ShardedBundle } from '../profiles/sharded/compose.ts';
import { baseLines, isRaw, journalPages } from '../profiles/sharded/read.ts';
import type { ChangeRecord, StateLine } from '../shard/line.ts';
import { applyChanges, mergeJournals } from '../shard/merge.ts';
import { LeafSet } from '../shard/set-root.ts';
import { rawText } from './raw-text.ts';
import type { Progress } from './types.ts';

export type CheckHooks = {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
};

/** Throws VERIFICATION_FAILED, DIGEST_MISMATCH or NOT_FOUND; memory is 64 bytes a record. */
export async function checkState(
  repository: RepositoryReader,
  bundle: ShardedBundle,
  hooks: CheckHooks = {},
): Promise<void> {
  const { state, journals } = bundle.exportManifest;
  const leaf = isRaw(bundle) ? (v: Buffer): Buffer => sha256(rawText(v)) : sha256;
  const base = new LeafSet();
  const lines = collect(baseLines(repository, bundle), base, leaf, {
    ...hooks,
    onProgress: (progress) => hooks.onProgress?.({ ...progress, total: state.records }),
  });
  const [first] = journals;
  if (first === undefined) {
    for await (const _ of lines);
    return compareRoot('the state', base, state.setRoot, state.records);
  }
  const whole = new LeafSet();
  const changes = mergeJournals(bundle.journals.map((journal) => countedPages(repository, journal)));
  for await (const _ of collect(applyChanges(lines, changes), whole, leaf));
  compareRoot('the base', base, first.from);
  compareRoot('the state', whole, state.setRoot, state.records);
}

/** The changes of one journal; throws VERIFICATION_FAILED at their end unless they are as many as the bundle says. */
async function* countedPages(repository: RepositoryReader, journal: Journal): AsyncGenerator<ChangeRecord[]> {
  const { to, puts, dels } = journal.row;
  let [foundPuts, foundDels] = [0, 0];
  for await (const page of journalPages(repository, journal)) {
    for (const { op } of page)
      if (op === 'put') foundPuts++;
      else foundDels++;
    yield page;
  }
  if (foundPuts === puts && foundDels === dels) return;
  throw unequal(`the journal to ${to} has ${foundPuts} puts and ${foundDels} dels, not ${puts} and ${dels}`);
}

/** Passes lines on and gathers their leaves. */
async function* collect(
  pages: AsyncIterable<StateLine[]>,
  leaves: LeafSet,
  hash: (v: Buffer) => Buffer,
  { signal, onProgress }: CheckHooks = {},
): AsyncGenerator<StateLine[]> {
  for await (const page of pages) {
    if (signal?.aborted) throw new ExportError('CANCELLED', 'cancelled');
    for (const { c, k, v } of page) leaves.add(c, k, hash(v));
    onProgress?.({ label: 'verifying', done: leaves.count });
    yield page;
  }
}

/** Throws VERIFICATION_FAILED unless the leaves have this root and number. */
export function compareRoot(what: string, leaves: LeafSet, root: string, records: number = leaves.count): void {
  const found = leaves.root();
  if (found !== root) throw unequal(`${what} has the set root ${found}, not ${root}`);
  if (leaves.count !== records) throw unequal(`${what} has ${leaves.count} records, not ${records}`);
}

function unequal(what: string): ExportError {
  return new ExportError('VERIFICATION_FAILED', `bundle refused: ${what}`, {
    hint: 'the records are not those that the publisher named: pull again, and report it if it stays',
  });
}
