// Rows on their way through a file: counted by bucket and source, with their set root, so that file and mirror can be made
// of them without making them again.

import { join } from 'node:path';
import type { Digest } from '../../core/digest.ts';
import type { CollectionCounts } from '../../db/states.ts';
import type { CombinedRow } from '../../profiles/database/combine-rows.ts';
import type { BucketRow } from '../../profiles/database/documents.ts';
import { LineFile, linePages } from '../../profiles/database/line-file.ts';
import type { DatabaseProduct } from '../../profiles/database/product.ts';
import { SpooledLeaves } from '../../profiles/database/spooled-leaves.ts';
import { parseShardLine, shardLine, type StateLine } from '../../shard/line.ts';

export type SpooledRows = {
  readonly setRoot: Digest;
  readonly records: number;
  readonly buckets: readonly BucketRow[];
  /** Every line of the state in order; may be read again and again. */
  readonly lines: () => AsyncIterable<StateLine[]>;
};

export async function spoolRows(
  rows: AsyncIterable<readonly CombinedRow[]>,
  { collection: c, bucketOf }: DatabaseProduct,
  tempDir: string,
  signal: AbortSignal,
): Promise<SpooledRows> {
  const path = join(tempDir, 'rows.jsonl');
  const leaves = await SpooledLeaves.create(tempDir);
  const buckets = new BucketCounts();
  const file = await LineFile.create(path);
  try {
    for await (const page of rows) {
      signal.throwIfAborted();
      for (const { k, v, sources } of page) {
        if (leaves.add(c, k, v)) await leaves.drain();
        buckets.add(bucketOf(k), sources);
        if (file.add(shardLine({ c, k, v }))) await file.drain();
      }
    }
    const { root, count } = await leaves.root();
    return { setRoot: root, records: count, buckets: buckets.rows(), lines: () => linesOfFile(path) };
  } finally {
    await file.close();
    await leaves.close();
  }
}

/** How many rows each bucket has, as guards count collections. */
export function countsOf(buckets: readonly BucketRow[]): CollectionCounts {
  return Object.fromEntries(buckets.map(({ bucket, rows }) => [bucket, rows]));
}

async function* linesOfFile(path: string): AsyncGenerator<StateLine[]> {
  for await (const lines of linePages(path)) yield lines.map(parseShardLine);
}

/** Buckets come in order, because rows do. */
class BucketCounts {
  readonly #rows: { bucket: string; rows: number; sources: Map<string, number> }[] = [];

  add(bucket: string, sources: readonly string[]): void {
    let open = this.#rows.at(-1);
    if (open?.bucket !== bucket) {
      open = { bucket, rows: 0, sources: new Map() };
      this.#rows.push(open);
    }
    open.rows++;
    for (const source of sources) open.sources.set(source, (open.sources.get(source) ?? 0) + 1);
  }

  rows(): BucketRow[] {
    return this.#rows.map(({ bucket, rows, sources }) => ({
      bucket,
      rows,
      sources: [...sources].sort(([a], [b]) => (a < b ? -1 : 1)).map(([source, spoken]) => ({ source, rows: spoken })),
    }));
  }
}
