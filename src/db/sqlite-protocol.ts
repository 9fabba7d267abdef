// The messages between the main thread and a SQLite thread.

import type { SqlRow, SqlValue } from './database.ts';

export type SqliteSettings = {
  readonly file: string;
  readonly role: 'reader' | 'writer';
  /** How long a statement waits for another connection's lock. */
  readonly busyTimeoutMs: number;
};

export type SqliteRequest =
  | { readonly kind: 'query' | 'texts'; readonly sql: string; readonly params: readonly SqlValue[] }
  | { readonly kind: 'execute'; readonly script: string }
  /** Inside a transaction only, because each row would be synced alone outside. */
  | { readonly kind: 'insert'; readonly sql: string; readonly rows: readonly (readonly SqlValue[])[] }
  | { readonly kind: 'close' };

export type SqliteFailure = {
  readonly message: string;
  /** SQLite's extended result code, 0 when the error is not SQLite's. */
  readonly resultCode: number;
};

/** `texts`: what text-column.ts took out of the rows. */
export type SqliteReply =
  { readonly rows: SqlRow[]; readonly texts?: Uint8Array<ArrayBuffer> } | { readonly failure: SqliteFailure };
