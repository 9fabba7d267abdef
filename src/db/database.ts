// What every query of the product is written against: one SQL text for SQLite and PostgreSQL.
//
// The portable subset: `$1` parameters; `insert … on conflict … do update … returning`; `update … from`; row-value
// comparison; CTEs; window functions. Instants are ISO text in UTC, booleans 0 and 1, JSON is text that TypeScript
// parses, counts stay below 2^53. No cursors, no session state, no LISTEN. A statement that reads begins with `select`
// or `with`; one that writes never does, because readers and the writer are different connections on SQLite.

import type { WithTextBytes } from './text-column.ts';

export type SqlValue = string | number | null;

export type SqlRow = Readonly<Record<string, SqlValue>>;

export type Engine = 'sqlite' | 'postgres';

/** Rows for one table; names and types are constants of the code, never input. */
export type BulkInsert = {
  readonly table: string;
  readonly columns: Readonly<Record<string, 'text' | 'bigint'>>;
  /** One array for each row, in the order of `columns`. */
  readonly rows: readonly (readonly SqlValue[])[];
  /** Keep the old row where a unique key is taken; without it such a row fails the statement with CONFLICT. */
  readonly skipConflicts?: boolean;
};

export interface Queryable {
  readonly engine: Engine;
  /**
   * Runs one statement and returns its rows. Errors: DATABASE_UNAVAILABLE (retryable), CONFLICT for a unique key
   * that is taken, STORAGE_FULL, STORAGE_FAILED, INTERNAL for a statement that is wrong.
   */
  query<Row extends object = SqlRow>(sql: string, params?: readonly SqlValue[]): Promise<Row[]>;
  /** Like `query`, for a statement with a column `text`, which comes as UTF-8 bytes: quicker where texts are large. */
  queryTexts<Row extends object>(sql: string, params?: readonly SqlValue[]): Promise<WithTextBytes<Row>[]>;
  /** Inserts many rows in one go; atomic. */
  insertMany(insert: BulkInsert): Promise<void>;
  /** Runs several statements without parameters, all or none; for migrations. */
  execute(script: string): Promise<void>;
}

export interface Database extends Queryable {
  /**
   * Runs `work` in one transaction: committed when it resolves, rolled back when it throws. Inside, only the handle it
   * is given may be used. `work` may run again after a lost connection, so it must have no effect beyond the handle.
   */
  transaction<Result>(work: (tx: Queryable) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/**
 * `items` with the last one repeated up to the next power of two, for lists of parameters whose repetition does no harm:
 * a text for each length would fill the caches of prepared statements.
 */
export function padded<Item>(items: readonly Item[]): readonly Item[] {
  const last = items.at(-1);
  if (last === undefined) return items;
  const length = 2 ** Math.ceil(Math.log2(items.length));
  return [...items, ...Array<Item>(length - items.length).fill(last)];
}

/** `$from, $from+1, …`: placeholders for a list of `count` values. */
export function placeholders(from: number, count: number): string {
  return Array.from({ length: count }, (_, index) => `$${from + index}`).join(', ');
}

/** `($1, $2), ($3, $4), …`: placeholders for `count` rows of `width` values. */
export function placeholderRows(from: number, count: number, width: number): string {
  return Array.from({ length: count }, (_, row) => `(${placeholders(from + row * width, width)})`).join(', ');
}
