// States out of streams: a base in key order with changes over it, the newer one winning. Nothing is held but the
// heads of the streams.

import { compareKeys, type RecordKey } from '../core/order.ts';
import { shardLine, type ChangeRecord, type StateLine } from './line.ts';

type Pages<Item> = AsyncIterable<readonly Item[]>;

/** Walks pages item by item; `head` is undefined at the end. */
export class Cursor<Item> {
  head: Item | undefined;
  readonly #pages: AsyncIterator<readonly Item[]>;
  #page: readonly Item[] = [];
  #at = 0;

  private constructor(pages: AsyncIterator<readonly Item[]>) {
    this.#pages = pages;
  }

  static async open<Item>(pages: Pages<Item>): Promise<Cursor<Item>> {
    const cursor = new Cursor<Item>(pages[Symbol.asyncIterator]());
    await cursor.refill();
    return cursor;
  }

  /** Moves on inside the page; false when `refill` is needed (kept apart to stay off the microtask queue). */
  step(): boolean {
    this.head = this.#page[++this.#at];
    return this.head !== undefined;
  }

  async refill(): Promise<void> {
    for (;;) {
      const next = await this.#pages.next();
      this.#page = next.done === true ? [] : next.value;
      this.#at = 0;
      this.head = this.#page[0];
      if (this.head !== undefined || next.done === true) return;
    }
  }

  async close(): Promise<void> {
    await this.#pages.return?.();
  }
}

async function advance<Item>(cursor: Cursor<Item>): Promise<void> {
  if (!cursor.step()) await cursor.refill();
}

/** Sorted changes of several journals, oldest first, as one: for a key the newest change counts. */
export async function* mergeJournals(journals: readonly Pages<ChangeRecord>[]): AsyncGenerator<ChangeRecord[]> {
  const cursors = await Promise.all(journals.map((journal) => Cursor.open(journal)));
  let page: ChangeRecord[] = [];
  for (;;) {
    const next = newestSmallest(cursors);
    if (next === undefined) break;
    page.push(next);
    for (const cursor of cursors) {
      if (cursor.head !== undefined && compareKeys(cursor.head, next) === 0 && !cursor.step()) await cursor.refill();
    }
    if (page.length >= pageItems) {
      yield page;
      page = [];
    }
  }
  if (page.length > 0) yield page;
}

const pageItems = 512;

function newestSmallest(cursors: readonly Cursor<ChangeRecord>[]): ChangeRecord | undefined {
  let best: ChangeRecord | undefined;
  for (const { head } of cursors) {
    if (head !== undefined && (best === undefined || compareKeys(head, best) <= 0)) best = head;
  }
  return best;
}

/** A base state with changes applied. A put of a new key is inserted, a del of an absent one ignored. */
export async function* applyChanges(base: Pages<StateLine>, changes: Pages<ChangeRecord>): AsyncGenerator<StateLine[]> {
  const old = await Cursor.open(base);
  const change = await Cursor.open(changes);
  let page: StateLine[] = [];
  let bytes = 0;
  while (old.head !== undefined || change.head !== undefined) {
    const order = compareHeads(old.head, change.head);
    const line = order < 0 ? (old.head as StateLine) : lineOf(change.head as ChangeRecord);
    if (order <= 0) await advance(old);
    if (order >= 0) await advance(change);
    if (line === undefined) continue;
    page.push(line);
    bytes += line.line.length;
    if (page.length >= pageItems || bytes > 1 << 20) {
      yield page;
      page = [];
      bytes = 0;
    }
  }
  if (page.length > 0) yield page;
}

/** Below 0: only the first has this key; above 0: only the second; 0: both. An ended stream is behind all keys. */
export function compareHeads(a: RecordKey | undefined, b: RecordKey | undefined): number {
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  return compareKeys(a, b);
}

function lineOf(change: ChangeRecord): StateLine | undefined {
  return change.op === 'del' ? undefined : { c: change.c, k: change.k, v: change.v, line: shardLine(change) };
}
