// Reads committed evidence by sequence number (evidence/types.ts, StateReader). Every iterable is keyset paging: between
// two pages nothing stays open, and a page that was read never changes, because rows are only ever closed.

import type { Entry, StateReader, View } from '../evidence/types.ts';
import { changesBetween } from './evidence-changes.ts';
import { entryBodies, missingText } from './evidence-bodies.ts';
import { entryColumns, entryFromRow, heldAt, type EntryRow } from './entry-rows.ts';
import { padded, placeholders, type Queryable } from './database.ts';
import { keysetPages } from './pages.ts';

const pageRows = 1_000;

/** `tenant` answers the tenant's number, undefined while nothing was ever ingested. */
export function evidenceReader(db: Queryable, tenant: () => Promise<number | undefined>): StateReader {
  return {
    sequence: () => sequenceOf(db, tenant),
    entries: async function* (view, sequence) {
      for await (const rows of entryRows(db, await tenant(), view, sequence)) yield rows.map(entryFromRow);
    },
    bodies: async function* (view, sequence, format) {
      const id = await tenant();
      if (id !== undefined) yield* entryBodies(db, { tenant: id, view, sequence, format });
    },
    changes: async function* (view, from, to) {
      const id = await tenant();
      if (id !== undefined) yield* changesBetween(db, id, view, from, to);
    },
    bodiesByDigest: async (digests) => bodiesByDigest(db, await tenant(), digests),
    entriesByPlace: (view, sequence, low, high) => entriesByPlace(db, tenant, { view, sequence, low, high }),
    newestEntries: async function* (view, sequence) {
      const id = await tenant();
      if (id !== undefined) yield* newestEntries(db, id, view, sequence);
    },
  };
}

async function sequenceOf(db: Queryable, tenant: () => Promise<number | undefined>): Promise<number> {
  const rows = await db.query<{ sequence: number }>('select sequence from tenant where id = $1', [
    (await tenant()) ?? null,
  ]);
  return rows[0]?.sequence ?? 0;
}

async function* entryRows(
  db: Queryable,
  tenant: number | undefined,
  view: View,
  sequence: number,
): AsyncGenerator<EntryRow[]> {
  if (tenant === undefined) return;
  yield* keysetPages<EntryRow>(pageRows, (after, limit) =>
    db.query<EntryRow>(
      `select ${entryColumns} from entry
       where tenant = $1 and view = $2 and ${heldAt(3)} and (c, k) > ($4, $5)
       order by c, k limit $6`,
      [tenant, view, sequence, after?.c ?? '', after?.k ?? '', limit],
    ),
  );
}

async function bodiesByDigest(
  db: Queryable,
  tenant: number | undefined,
  digests: readonly string[],
): Promise<Map<string, Buffer>> {
  const wanted = padded([...new Set(digests)]);
  if (wanted.length === 0) return new Map();
  const rows = await db.query<{ digest: string; text: string }>(
    `select digest, text from body where tenant = $1 and digest in (${placeholders(2, wanted.length)})`,
    [tenant ?? null, ...wanted],
  );
  const found = new Map(rows.map((row) => [row.digest, Buffer.from(row.text, 'utf8')]));
  const missing = wanted.find((digest) => !found.has(digest));
  if (missing === undefined) return found;
  throw missingText(missing);
}

type PlaceRange = { readonly view: View; readonly sequence: number; readonly low: number; readonly high: number };

async function entriesByPlace(
  db: Queryable,
  tenant: () => Promise<number | undefined>,
  range: PlaceRange,
): Promise<Entry[]> {
  const rows = await db.query<EntryRow>(
    `select ${entryColumns} from entry
     where tenant = $1 and view = $2 and ${heldAt(3)} and place >= $4 and place < $5
     order by c, k`,
    [(await tenant()) ?? null, range.view, range.sequence, range.low, range.high],
  );
  return rows.map(entryFromRow);
}

async function* newestEntries(db: Queryable, tenant: number, view: View, sequence: number): AsyncGenerator<Entry[]> {
  const pages = keysetPages<EntryRow>(pageRows, (after, limit) =>
    db.query<EntryRow>(
      `select ${entryColumns} from entry
       where tenant = $1 and view = $2 and ${heldAt(3)} and (stamp, c, k) < ($4, $5, $6)
       order by stamp desc, c desc, k desc limit $7`,
      // A stamp begins with a digit, so '~' is above them all.
      [tenant, view, sequence, after?.stamp ?? '~', after?.c ?? '', after?.k ?? '', limit],
    ),
  );
  for await (const rows of pages) yield rows.map(entryFromRow);
}
