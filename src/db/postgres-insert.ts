// Many rows into one table of PostgreSQL. Each value is a parameter of its own, so that neither side escapes or parses
// texts: half the server's work of one JSON text for all rows. COPY is not used (see postgres.ts).

import { placeholderRows, type BulkInsert, type SqlValue } from './database.ts';
import type { Handle } from './postgres.ts';

/** Rows of one statement at most; a power of two. */
const portionRows = 64;
/** A statement ends with the row that reaches so many characters. */
const portionChars = 256 << 10;

/** Inserts in the transaction of `on`. The statements are sent one behind the other, without waiting in between. */
export async function insertRows(on: Handle, insert: BulkInsert): Promise<void> {
  const sent: Promise<unknown>[] = [];
  for (const portion of portions(insert.rows)) {
    sent.push(on.unsafe(statementFor(insert, portion.length), portion.flat(), { prepare: true }).execute());
  }
  // They end in order, so the first that fails is the one with the reason.
  await Promise.all(sent);
}

/** Texts of statements, which would take a twentieth of an ingest's time to write: seven for each kind of insertion. */
const statements = new Map<string, string>();

function statementFor({ table, columns, skipConflicts }: BulkInsert, count: number): string {
  const names = Object.keys(columns);
  const into = `insert into ${table} (${names.join(', ')})`;
  const end = skipConflicts === true ? ' on conflict do nothing' : '';
  const key = `${count} ${into}${end}`;
  const known = statements.get(key);
  if (known !== undefined) return known;
  const made = `${into} values ${placeholderRows(1, count, names.length)}${end}`;
  statements.set(key, made);
  return made;
}

/** Cuts into lengths that are powers of two: a statement for each length would fill the server's memory. */
function* portions(rows: BulkInsert['rows']): Generator<BulkInsert['rows']> {
  for (let start = 0; start < rows.length;) {
    const count = fitting(rows, start);
    yield rows.slice(start, start + count);
    start += count;
  }
}

function fitting(rows: BulkInsert['rows'], start: number): number {
  const most = Math.min(portionRows, rows.length - start);
  let count = 0;
  for (let chars = 0; count < most && chars < portionChars; count++) chars += charsOf(rows[start + count] ?? []);
  return 2 ** Math.floor(Math.log2(count));
}

function charsOf(row: readonly SqlValue[]): number {
  return row.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 8), 0);
}
