// What changed between two sequences, out of the rows that began or ended there: the cost is that of the change.

import type { EntryChange, View } from '../evidence/types.ts';
import { entryColumns, entryFromRow, type EntryRow } from './entry-rows.ts';
import type { Queryable } from './database.ts';
import { keysetPages } from './pages.ts';

/** Rows read at a time: each page sorts all changed keys anew, so a mass rewrite wants few large pages. */
const sortedRows = 10_000;
const pageChanges = 1_000;

type SideRow = EntryRow & { readonly side: number };

/** Keys whose entry at `from` differs from that at `to` (from < to), by (c, k), in pages of at most 1,000. */
export async function* changesBetween(
  db: Queryable,
  tenant: number,
  view: View,
  from: number,
  to: number,
): AsyncGenerator<EntryChange[]> {
  // A key has at most two rows here: the one that held at `from` and ended, the one that began and holds at `to`.
  const pages = keysetPages<SideRow>(sortedRows, (after, limit) =>
    db.query<SideRow>(
      // Materialized, so that the keyset does not tempt a planner into reading all keys.
      `with ended as materialized (
         select 0 as side, ${entryColumns} from entry
         where tenant = $1 and view = $2 and to_seq > $3 and to_seq <= $4 and from_seq <= $3),
       begun as materialized (
         select 1 as side, ${entryColumns} from entry
         where tenant = $1 and view = $2 and from_seq > $3 and from_seq <= $4 and (to_seq is null or to_seq > $4))
       select * from (select * from ended union all select * from begun) both_sides
       where (c, k, side) > ($5, $6, $7) order by c, k, side limit $8`,
      [tenant, view, from, to, after?.c ?? '', after?.k ?? '', after?.side ?? 0, limit],
    ),
  );
  yield* inPages(pairs(pages));
}

async function* pairs(pages: AsyncIterable<SideRow[]>): AsyncGenerator<EntryChange> {
  let before: SideRow | undefined;
  for await (const page of pages) {
    for (const row of page) {
      if (before !== undefined && row.side === 1 && row.c === before.c && row.k === before.k) {
        // Changed and changed back is no change.
        if (row.digest !== before.digest) yield change(before, row);
        before = undefined;
        continue;
      }
      if (before !== undefined) yield change(before, undefined);
      before = row.side === 0 ? row : undefined;
      if (row.side === 1) yield change(undefined, row);
    }
  }
  if (before !== undefined) yield change(before, undefined);
}

function change(before: SideRow | undefined, after: SideRow | undefined): EntryChange {
  const { c, k } = (after ?? before) as SideRow;
  return {
    c,
    k,
    ...(before === undefined ? {} : { before: entryFromRow(before) }),
    ...(after === undefined ? {} : { after: entryFromRow(after) }),
  };
}

async function* inPages(changes: AsyncIterable<EntryChange>): AsyncGenerator<EntryChange[]> {
  let page: EntryChange[] = [];
  for await (const item of changes) {
    page.push(item);
    if (page.length < pageChanges) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
