// Writes trivy.db out of its rows. The buckets `data-source` and `vulnerability` are always there: without the second
// Trivy crashes at its first finding.

import { open } from 'node:fs/promises';
import { compareUtf8 } from '../../core/order.ts';
import type { BoltFact } from '../../boltdb/types.ts';
import { writeBolt } from '../../boltdb/write-bolt.ts';
import type { DatabaseRow } from '../database/row.ts';
import { factsOfRows } from './bolt-row.ts';

export async function writeTrivyDb(rows: AsyncIterable<readonly DatabaseRow[]>, path: string): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  await writeBolt(withRequired(rows), async (position, bytes) => {
    for (let at = 0; at < bytes.length;) {
      at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
    }
  });
}

/** The facts of the rows, with an empty bucket in its place for each required one that no row is in. */
async function* withRequired(pages: AsyncIterable<readonly DatabaseRow[]>): AsyncGenerator<BoltFact[]> {
  let missing: readonly string[] = ['data-source', 'vulnerability'];
  for await (const page of pages) {
    const facts: BoltFact[] = [];
    for (const fact of factsOfRows(page)) {
      const bucket = fact.path[0] as string;
      while (missing[0] !== undefined && compareUtf8(missing[0], bucket) <= 0) {
        if (missing[0] !== bucket) facts.push(emptyBucket(missing[0]));
        missing = missing.slice(1);
      }
      facts.push(fact);
    }
    yield facts;
  }
  yield missing.map(emptyBucket);
}

function emptyBucket(name: string): BoltFact {
  return { path: [], key: name, value: null };
}
