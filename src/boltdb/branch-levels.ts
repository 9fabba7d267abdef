// The branch pages over the leaves of one bucket, built upwards as leaves are written.
// Rule: a level's page is written when it holds at least three entries and the next one would not fit a page; keys may be
// longer than a page, so fewer could make a tree without end, and three let a page give one away. When the bucket ends
// with a page of a single entry that is not the top, it takes the last entry of the page before it, which is written over.
// So every branch page has two entries or more, as bbolt's have.

import { branchFlag, elementBytes, headerBytes, pageBytes, pagesFor, writeHeader, writeU64 } from './format.ts';
import type { PageOutput } from './page-output.ts';

/** First key of a page, and its number. */
type Entry = { readonly key: Buffer; readonly page: number };

type WrittenPage = { readonly id: number; readonly pages: number; readonly entries: Entry[] };

type Level = {
  open: Entry[];
  /** Bytes that the open entries take on a page, its header included. */
  size: number;
  /** The page of this level that was written last. */
  written: WrittenPage | undefined;
};

const fewest = 3;

export class BranchLevels {
  readonly #output: PageOutput;
  #levels: Level[] = [];

  constructor(output: PageOutput) {
    this.#output = output;
  }

  get isEmpty(): boolean {
    return this.#levels.length === 0;
  }

  /** Adds a leaf page that was just written; `firstKey` is kept. */
  addLeaf(firstKey: Buffer, page: number): void {
    this.#add(0, { key: firstKey, page });
  }

  /** Writes what is open, bottom up, and returns the number of the page on top. At least one leaf was added. */
  finish(): number {
    for (let depth = 0; ; depth++) {
      const level = this.#level(depth);
      const [only] = level.open;
      if (only && level.open.length === 1) {
        if (!level.written) {
          this.#levels = [];
          return only.page;
        }
        this.#borrow(level, level.written);
      }
      this.#flush(depth);
    }
  }

  #level(depth: number): Level {
    return (this.#levels[depth] ??= { open: [], size: headerBytes, written: undefined });
  }

  #add(depth: number, entry: Entry): void {
    const size = elementBytes + entry.key.length;
    const level = this.#level(depth);
    if (level.open.length >= fewest && level.size + size > pageBytes) this.#flush(depth);
    level.open.push(entry);
    level.size += size;
  }

  #flush(depth: number): void {
    const level = this.#level(depth);
    const pages = pagesFor(level.size);
    const id = this.#output.nextPage;
    const at = this.#output.reserve(pages * pageBytes);
    writeBranch(this.#output.span, at, { id, pages, entries: level.open });
    level.written = { id, pages, entries: level.open };
    const key = level.open[0]?.key ?? Buffer.alloc(0);
    level.open = [];
    level.size = headerBytes;
    this.#add(depth + 1, { key, page: id });
  }

  /** Moves the last entry of the written page, which keeps its pages, in front of the single open one. */
  #borrow(level: Level, written: WrittenPage): void {
    const moved = written.entries.pop();
    if (!moved) return;
    level.open.unshift(moved);
    level.size += elementBytes + moved.key.length;
    const image = Buffer.alloc(written.pages * pageBytes);
    writeBranch(image, 0, written);
    this.#output.rewrite(written.id, image);
  }
}

function writeBranch(target: Buffer, at: number, { id, pages, entries }: WrittenPage): void {
  writeHeader(target, at, { id, flags: branchFlag, count: entries.length, overflow: pages - 1 });
  let element = at + headerBytes;
  let data = element + elementBytes * entries.length;
  for (const { key, page } of entries) {
    target.writeUInt32LE(data - element, element);
    target.writeUInt32LE(key.length, element + 4);
    writeU64(target, page, element + 8);
    data += key.copy(target, data);
    element += elementBytes;
  }
}
