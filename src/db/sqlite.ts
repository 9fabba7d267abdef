// SQLite behind the Database interface: one writer thread whose transactions queue (`begin immediate`), reader threads
// beside it that WAL never blocks. Threads start when first needed, so that a command that reads starts one.
// Several processes may use one file on a local disk; a network file system breaks WAL's shared memory and is refused.

import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ExportError } from '../core/errors.ts';
import type { BulkInsert, Database, Queryable, SqlValue } from './database.ts';
import { placeholders } from './database.ts';
import { SqliteThread, type AskSqlite } from './sqlite-thread.ts';
import { textsAsBytes, type WithTextBytes } from './text-column.ts';
import { TransactionScope } from './transaction-scope.ts';
import { WorkQueue } from './work-queue.ts';

export type SqliteOptions = {
  /** How long a statement waits for another process; default one minute. */
  readonly busyTimeoutMs?: number;
  /** Reader threads at most; default 2. */
  readonly readers?: number;
};

/** f_type of statfs(2): NFS, SMB, CIFS, SMB2. */
const networkFileSystems = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42]);

/** Opens (and creates) the database in `file`. Throws STORAGE_FAILED on a network file system. */
export async function openSqlite(file: string, options: SqliteOptions = {}): Promise<Database> {
  await refuseNetworkFileSystem(file);
  return new SqliteDatabase(file, options);
}

async function refuseNetworkFileSystem(file: string): Promise<void> {
  const { type } = await statfs(dirname(file)).catch((cause: unknown) => {
    throw new ExportError('STORAGE_FAILED', `the folder of the database ${file} is not there`, { cause });
  });
  if (!networkFileSystems.has(type >>> 0)) return;
  throw new ExportError('STORAGE_FAILED', `the database ${file} is on a network file system`, {
    hint: 'use a folder on a local disk, or PostgreSQL by DATABASE_URL',
  });
}

class SqliteDatabase implements Database {
  readonly engine = 'sqlite';
  readonly #writer: SqliteThread;
  readonly #readers: SqliteThread[];
  readonly #queue = new WorkQueue();
  readonly #scope = new TransactionScope();

  constructor(file: string, options: SqliteOptions) {
    const busyTimeoutMs = options.busyTimeoutMs ?? 60_000;
    this.#writer = new SqliteThread({ file, role: 'writer', busyTimeoutMs });
    this.#readers = Array.from(
      { length: options.readers ?? 2 },
      () => new SqliteThread({ file, role: 'reader', busyTimeoutMs }),
    );
  }

  query<Row extends object>(sql: string, params: readonly SqlValue[] = []): Promise<Row[]> {
    this.#scope.refuseInside();
    const reads = /^\s*(?:select|with)\b/i.test(sql);
    if (reads) return ask<Row>((request) => this.#idlestReader().ask(request), sql, params);
    return this.#write(() => ask<Row>((request) => this.#writer.ask(request), sql, params));
  }

  async queryTexts<Row extends object>(sql: string, params: readonly SqlValue[] = []): Promise<WithTextBytes<Row>[]> {
    this.#scope.refuseInside();
    const rows: object[] = await this.#idlestReader().ask({ kind: 'texts', sql, params });
    return rows as WithTextBytes<Row>[];
  }

  insertMany(insert: BulkInsert): Promise<void> {
    return this.transaction((tx) => tx.insertMany(insert));
  }

  execute(script: string): Promise<void> {
    return this.transaction((tx) => tx.execute(script));
  }

  transaction<Result>(work: (tx: Queryable) => Promise<Result>): Promise<Result> {
    return this.#write(async () => {
      const writer = this.#writer.bound();
      await writer({ kind: 'execute', script: 'begin immediate' });
      const handle = new TransactionHandle(writer);
      try {
        const result = await work(handle);
        await writer({ kind: 'execute', script: 'commit' });
        return result;
      } catch (error) {
        // After an error such as "disk full" SQLite has rolled back by itself, and this finds nothing to do.
        await writer({ kind: 'execute', script: 'rollback' }).catch(() => undefined);
        throw error;
      } finally {
        handle.end();
      }
    });
  }

  async close(): Promise<void> {
    await this.#queue.run(() => this.#writer.close());
    await Promise.all(this.#readers.map((reader) => reader.close()));
  }

  #write<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#scope.refuseInside();
    return this.#queue.run(() => this.#scope.run(work));
  }

  #idlestReader(): SqliteThread {
    return this.#readers.reduce((best, next) => (next.load < best.load ? next : best));
  }
}

class TransactionHandle implements Queryable {
  readonly engine = 'sqlite';
  #ask: AskSqlite;

  constructor(ask: AskSqlite) {
    this.#ask = ask;
  }

  query<Row extends object>(sql: string, params: readonly SqlValue[] = []): Promise<Row[]> {
    return ask<Row>(this.#ask, sql, params);
  }

  async queryTexts<Row extends object>(sql: string, params?: readonly SqlValue[]): Promise<WithTextBytes<Row>[]> {
    return textsAsBytes(await this.query(sql, params));
  }

  insertMany(insert: BulkInsert): Promise<void> {
    return insertRows(this.#ask, insert);
  }

  async execute(script: string): Promise<void> {
    await this.#ask({ kind: 'execute', script });
  }

  /** What still uses the handle would write outside of any transaction. */
  end(): void {
    this.#ask = () => Promise.reject(new ExportError('INTERNAL', 'the transaction has ended'));
  }
}

async function ask<Row extends object>(of: AskSqlite, sql: string, params: readonly SqlValue[]): Promise<Row[]> {
  return (await of({ kind: 'query', sql, params })) as object[] as Row[];
}

/** Rows travel in portions of about so many characters, so that the thread's heap stays small. */
const portionChars = 512 << 10;

async function insertRows(of: AskSqlite, insert: BulkInsert): Promise<void> {
  const names = Object.keys(insert.columns);
  const end = insert.skipConflicts === true ? ' on conflict do nothing' : '';
  const sql = `insert into ${insert.table} (${names.join(', ')}) values (${placeholders(1, names.length)})${end}`;
  const { rows } = insert;
  let chars = 0;
  for (let start = 0, next = 0; next < rows.length;) {
    for (const value of rows[next++] ?? []) chars += typeof value === 'string' ? value.length : 8;
    if (chars < portionChars && next < rows.length) continue;
    await of({ kind: 'insert', sql, rows: rows.slice(start, next) });
    start = next;
    chars = 0;
  }
}
