// Every entry of a state with its body. One statement finds a page of entries and joins their texts, cut where the bytes
// are enough; the next page is read while the one before is worked on.

import { ExportError } from '../core/errors.ts';
import type { Entry, View } from '../evidence/types.ts';
import type { Queryable } from './database.ts';
import { entryColumns, entryFromRow, heldAt, type EntryRow } from './entry-rows.ts';
import { oneAhead } from './pages.ts';

const pageRows = 1_000;

/** A page ends with the entry that reaches so many bytes, so it is larger by one document at most. */
const pageBytes = 1 << 20;

export type EntryBody = { entry: Entry; body: Buffer };

export type BodiesOf = {
  readonly tenant: number;
  readonly view: View;
  readonly sequence: number;
  /** Only collections of this format. */
  readonly format?: string | undefined;
};

export function entryBodies(db: Queryable, of: BodiesOf): AsyncGenerator<EntryBody[]> {
  return oneAhead(bodyPages(db, of));
}

async function* bodyPages(db: Queryable, { tenant, view, sequence, format }: BodiesOf): AsyncGenerator<EntryBody[]> {
  const prefix = format === undefined ? '' : `${format}/`;
  for (let c = prefix, k = ''; ;) {
    const rows = await db.queryTexts<EntryRow>(
      `with page as materialized (
         select ${entryColumns}, sum(size) over (order by c, k rows unbounded preceding) - size as before
         from (
           select ${entryColumns} from entry
           where tenant = $1 and view = $2 and ${heldAt(3)} and (c, k) > ($4, $5)
           order by c, k limit $6) found)
       select page.c, page.k, page.digest, size, doc_id, ecosystems, stamp, text
       from page left join body on body.tenant = $1 and body.digest = page.digest
       where page.before < $7 order by page.c, page.k`,
      [tenant, view, sequence, c, k, pageRows, pageBytes],
    );
    const wanted = rows.filter((row) => row.c.startsWith(prefix));
    const last = wanted.at(-1);
    if (last === undefined) return;
    ({ c, k } = last);
    yield wanted.map((row) => ({ entry: entryFromRow(row), body: row.text ?? missing(row.digest) }));
  }
}

function missing(digest: string): never {
  throw missingText(digest);
}

export function missingText(digest: string): ExportError {
  return new ExportError('INTERNAL', `the evidence text ${digest} is missing in the database`, {
    hint: 'restore the database from a backup',
  });
}
