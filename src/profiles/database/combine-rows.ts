// The rows of a database out of its sources: sorted contributions of own evidence, and whole databases of others as
// overlays. A merge in key order; a row that one overlay alone speaks of passes through unread.

import { canonicalBytes, type Json } from '../../core/canonical-json.ts';
import { ExportError } from '../../core/errors.ts';
import { compareUtf8 } from '../../core/order.ts';
import { Cursor } from '../../shard/merge.ts';
import { overlayRank, type CombineRow, type DatabaseRow, type SourcedContribution } from './row.ts';

export type Overlay = {
  readonly source: string;
  /** Sorted by k, each k once. */
  readonly rows: AsyncIterable<readonly DatabaseRow[]>;
};

export type CombineInput = {
  /** As `sortContributions` gives them. */
  readonly contributions: AsyncIterable<readonly SourcedContribution[]>;
  readonly overlays: readonly Overlay[];
  readonly combine: CombineRow;
};

/** A row with the sources that spoke of it, sorted. */
export type CombinedRow = DatabaseRow & { readonly sources: readonly string[] };

const pageRows = 512;

/** Rows in rising order of k. Throws INTERNAL when a source is not sorted. */
export async function* combineRows(input: CombineInput): AsyncGenerator<CombinedRow[]> {
  const merge = await RowMerge.open(input);
  let last: string | undefined;
  let page: CombinedRow[] = [];
  try {
    for (let k = merge.next(); k !== undefined; k = merge.next()) {
      if (last !== undefined && compareUtf8(last, k) >= 0) {
        throw new ExportError('INTERNAL', `database rows are not sorted at ${JSON.stringify(k)}`);
      }
      last = k;
      const row = await merge.take(k);
      if (row !== undefined) page.push(row);
      if (page.length < pageRows) continue;
      yield page;
      page = [];
    }
    if (page.length > 0) yield page;
  } finally {
    await merge.close();
  }
}

class RowMerge {
  readonly #own: Cursor<SourcedContribution>;
  readonly #overlays: readonly { readonly source: string; readonly rows: Cursor<DatabaseRow> }[];
  readonly #combine: CombineRow;

  private constructor(
    own: Cursor<SourcedContribution>,
    overlays: readonly { source: string; rows: Cursor<DatabaseRow> }[],
    combine: CombineRow,
  ) {
    this.#own = own;
    this.#overlays = overlays;
    this.#combine = combine;
  }

  static async open({ contributions, overlays, combine }: CombineInput): Promise<RowMerge> {
    // Contributions first: what an overlay may say can depend on all of them.
    const own = await Cursor.open(contributions);
    const sorted = [...overlays].sort((a, b) => compareUtf8(a.source, b.source));
    const opened = [];
    for (const { source, rows } of sorted) opened.push({ source, rows: await Cursor.open(rows) });
    return new RowMerge(own, opened, combine);
  }

  /** The least key at hand. */
  next(): string | undefined {
    let least = this.#own.head?.k;
    for (const { rows } of this.#overlays) {
      const k = rows.head?.k;
      if (k !== undefined && (least === undefined || compareUtf8(k, least) < 0)) least = k;
    }
    return least;
  }

  /** The row of `k`, and moves every source past it. */
  async take(k: string): Promise<CombinedRow | undefined> {
    const upstream: { source: string; row: DatabaseRow }[] = [];
    for (const { source, rows } of this.#overlays) {
      if (rows.head?.k !== k) continue;
      upstream.push({ source, row: rows.head });
      if (!rows.step()) await rows.refill();
    }
    const own: SourcedContribution[] = [];
    while (this.#own.head?.k === k) {
      own.push(this.#own.head);
      if (!this.#own.step()) await this.#own.refill();
    }
    const [only] = upstream;
    if (only !== undefined && upstream.length + own.length === 1) return { ...only.row, sources: [only.source] };
    const parts = [...upstream.map(({ source, row }) => contributionOf(source, row)), ...own];
    parts.sort((a, b) => a.rank - b.rank);
    const v = this.#combine(k, parts);
    if (v === undefined) return undefined;
    return { k, v: canonicalBytes(v), sources: [...new Set(parts.map(({ source }) => source))].sort(compareUtf8) };
  }

  async close(): Promise<void> {
    await this.#own.close();
    for (const { rows } of this.#overlays) await rows.close();
  }
}

function contributionOf(source: string, { k, v }: DatabaseRow): SourcedContribution {
  return { k, rank: overlayRank, source, v: JSON.parse(v.toString('utf8')) as Json };
}
