// The state of a scope as lines, and the changes between two such states, out of committed evidence. Where both sides
// have the same filter only what changed is read; else both states are walked side by side.

import { rawLine, shardLine, type StateLine } from '../shard/line.ts';
import { compareHeads, Cursor } from '../shard/merge.ts';
import type { ChangeWithOld } from '../shard/patch.ts';
import type { Entry, EntryChange, StateReader, View } from '../evidence/types.ts';
import type { Filter } from './scope.ts';

export type ScopedState = { readonly sequence: number; readonly filter: Filter; readonly filterKey: string };

/** Changes whose bodies are fetched at once, at most; after a page with more bytes than `pageBytes` it is fewer. */
const maxPage = 64;
const pageBytes = 8 << 20;

/** Every line of a state in order, in the form of its view. */
export async function* linesOfState(
  reader: StateReader,
  view: View,
  { sequence, filter }: ScopedState,
): AsyncGenerator<StateLine[]> {
  const format = view === 'raw' ? rawLine : shardLine;
  for await (const page of reader.bodies(view, sequence)) {
    const lines: StateLine[] = [];
    for (const { entry, body } of page) {
      if (!filter(entry)) continue;
      const record = { c: entry.c, k: entry.k, v: valueOf(view, body) };
      lines.push({ ...record, line: format(record) });
    }
    yield lines;
  }
}

function valueOf(view: View, body: Buffer): Buffer {
  return view === 'raw' ? Buffer.from(JSON.stringify(body.toString('utf8'))) : body;
}

/** Keys whose entry differs between two states, in order; an entry that only changed its document's facts does not. */
export async function* entryChanges(
  reader: StateReader,
  view: View,
  from: ScopedState,
  to: ScopedState,
): AsyncGenerator<EntryChange[]> {
  const candidates =
    from.filterKey === to.filterKey
      ? reader.changes(view, from.sequence, to.sequence)
      : sideBySide(reader, view, from, to);
  for await (const page of candidates) {
    const changes = page.flatMap((change) => scoped(change, from.filter, to.filter));
    if (changes.length > 0) yield changes;
  }
}

function scoped({ c, k, before, after }: EntryChange, inFrom: Filter, inTo: Filter): EntryChange[] {
  const old = before && inFrom(before) ? { before } : {};
  const now = after && inTo(after) ? { after } : {};
  if (old.before?.digest === now.after?.digest) return [];
  return [{ c, k, ...old, ...now }];
}

async function* sideBySide(
  reader: StateReader,
  view: View,
  from: ScopedState,
  to: ScopedState,
): AsyncGenerator<EntryChange[]> {
  const old = await Cursor.open(reader.entries(view, from.sequence));
  const now = await Cursor.open(reader.entries(view, to.sequence));
  let page: EntryChange[] = [];
  while (old.head !== undefined || now.head !== undefined) {
    const order = compareHeads(old.head, now.head);
    const before = order <= 0 ? old.head : undefined;
    const after = order >= 0 ? now.head : undefined;
    const { c, k } = (before ?? after) as Entry;
    page.push({ c, k, ...(before ? { before } : {}), ...(after ? { after } : {}) });
    if (before && !old.step()) await old.refill();
    if (after && !now.step()) await now.refill();
    if (page.length >= 1_000) {
      yield page;
      page = [];
    }
  }
  yield page;
}

/** The same changes with their values: what a journal and a patch are made of. */
export async function* changeRecords(
  reader: StateReader,
  view: View,
  from: ScopedState,
  to: ScopedState,
): AsyncGenerator<ChangeWithOld[]> {
  // Large documents come in crowds: what the last page weighed tells how many to ask for.
  let count = 4;
  for await (const changes of entryChanges(reader, view, from, to)) {
    for (let at = 0; at < changes.length;) {
      const page = await withBodies(reader, view, changes.slice(at, at + count));
      at += count;
      count = bytesOf(page) > pageBytes ? Math.max(1, count >> 2) : Math.min(maxPage, count * 2);
      yield page;
    }
  }
}

function bytesOf(changes: readonly ChangeWithOld[]): number {
  return changes.reduce((sum, { old, ...change }) => {
    return sum + (old?.length ?? 0) + (change.op === 'put' ? change.v.length : 0);
  }, 0);
}

async function withBodies(reader: StateReader, view: View, changes: readonly EntryChange[]): Promise<ChangeWithOld[]> {
  const digests = changes.flatMap(({ before, after }) => [before, after].flatMap((entry) => entry?.digest ?? []));
  const bodies = await reader.bodiesByDigest([...new Set(digests)]);
  const value = (entry: Entry): Buffer => valueOf(view, bodies.get(entry.digest) as Buffer);
  return changes.map(({ c, k, before, after }): ChangeWithOld => {
    const old = before === undefined ? {} : { old: value(before) };
    return after === undefined ? { op: 'del', c, k, ...old } : { op: 'put', c, k, v: value(after), ...old };
  });
}
