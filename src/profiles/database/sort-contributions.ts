// External merge sort of contributions: sorted runs in a temporary folder, merged k-way. Memory is bounded by one run and,
// while merging, by one piece of each run.

import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, type Json } from '../../core/canonical-json.ts';
import { compareUtf8 } from '../../core/order.ts';
import { Cursor } from '../../shard/merge.ts';
import { LineFile, linePages } from './line-file.ts';
import type { SourcedContribution } from './row.ts';

/** A contribution whose value is still text, which is all that sorting needs. */
type Written = { readonly k: string; readonly rank: number; readonly source: string; readonly text: string };

export type SortOptions = {
  /** Folder for the runs, which go with the end of the iteration. */
  readonly tempDir: string;
  /** Characters of keys and values in memory at once. */
  readonly runChars?: number;
};

const defaultRunChars = 24 << 20;
/** What an item costs besides its text. */
const itemChars = 100;
const pageItems = 512;

/** Contributions in rising order of key, rank, source and value; what is said twice comes once. */
export async function* sortContributions(
  input: AsyncIterable<readonly SourcedContribution[]>,
  { tempDir, runChars = defaultRunChars }: SortOptions,
): AsyncGenerator<SourcedContribution[]> {
  const folder = await mkdtemp(join(tempDir, 'sort-'));
  try {
    const runs: string[] = [];
    let open: Written[] = [];
    let size = 0;
    for await (const page of input) {
      for (const { k, rank, source, v } of page) {
        const text = canonicalJson(v);
        open.push({ k, rank, source, text });
        size += k.length + text.length + itemChars;
      }
      if (size < runChars) continue;
      runs.push(await writeRun(join(folder, `run-${runs.length}`), open));
      open = [];
      size = 0;
    }
    open.sort(compareWritten);
    yield* distinct(mergeRuns([...runs.map(readRun), pagesOf(open)]));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function compareWritten(a: Written, b: Written): number {
  return compareUtf8(a.k, b.k) || a.rank - b.rank || compareUtf8(a.source, b.source) || compareUtf8(a.text, b.text);
}

/** Tabs part the fields: no key, source or canonical JSON has one. */
async function writeRun(path: string, items: Written[]): Promise<string> {
  items.sort(compareWritten);
  const file = await LineFile.create(path);
  try {
    for (const { k, rank, source, text } of items) {
      if (file.add(Buffer.from(`${k}\t${rank}\t${source}\t${text}\n`))) await file.drain();
    }
  } finally {
    await file.close();
  }
  return path;
}

async function* readRun(path: string): AsyncGenerator<Written[]> {
  for await (const lines of linePages(path)) yield lines.map(parseWritten);
}

function parseWritten(line: Buffer): Written {
  const fields = line.toString('utf8', 0, line.length - 1).split('\t');
  const [k, rank, source, text] = fields as [string, string, string, string];
  return { k, rank: Number(rank), source, text };
}

async function* pagesOf(items: readonly Written[]): AsyncGenerator<Written[]> {
  for (let at = 0; at < items.length; at += pageItems) yield items.slice(at, at + pageItems);
}

async function* mergeRuns(runs: readonly AsyncIterable<Written[]>[]): AsyncGenerator<Written> {
  const cursors = await Promise.all(runs.map((run) => Cursor.open(run)));
  try {
    for (;;) {
      let least: Cursor<Written> | undefined;
      for (const cursor of cursors) {
        if (cursor.head === undefined) continue;
        if (least?.head === undefined || compareWritten(cursor.head, least.head) < 0) least = cursor;
      }
      if (least?.head === undefined) return;
      yield least.head;
      if (!least.step()) await least.refill();
    }
  } finally {
    for (const cursor of cursors) await cursor.close();
  }
}

async function* distinct(sorted: AsyncIterable<Written>): AsyncGenerator<SourcedContribution[]> {
  let last: Written | undefined;
  let page: SourcedContribution[] = [];
  for await (const item of sorted) {
    if (last !== undefined && compareWritten(last, item) === 0) continue;
    last = item;
    const { k, rank, source, text } = item;
    page.push({ k, rank, source, v: JSON.parse(text) as Json });
    if (page.length < pageItems) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
