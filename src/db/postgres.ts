// PostgreSQL behind the Database interface, by postgres.js. Not used, because they are broken or bind a connection:
// COPY, cursors, LISTEN, session state. A server that restarts is waited for, for a bounded time: what reads is repeated,
// a transaction is repeated unless its commit was under way.

import { setTimeout as pause } from 'node:timers/promises';
import type postgres from 'postgres';
import { ExportError } from '../core/errors.ts';
import type { BulkInsert, Database, Queryable, SqlValue } from './database.ts';
import { insertRows } from './postgres-insert.ts';
import { faultOf, postgresError } from './postgres-errors.ts';
import { openPool, type PostgresPool } from './postgres-pool.ts';
import { textsAsBytes, type WithTextBytes } from './text-column.ts';
import { TransactionScope } from './transaction-scope.ts';

export type PostgresOptions = {
  /** Connections at most; default 10. */
  readonly connections?: number;
  /** How long a lost server is waited for; default 30 seconds. */
  readonly patienceMs?: number;
};

export type Handle = Pick<postgres.Sql, 'unsafe'>;

/** Opens the database at `url`; connections are made when first needed. Throws USAGE for what is no such address. */
export function openPostgres(url: string, options: PostgresOptions = {}): Database {
  const protocol = URL.parse(url)?.protocol;
  if (protocol !== 'postgres:' && protocol !== 'postgresql:') {
    // The text stays out of the message: it may hold a password.
    throw new ExportError('USAGE', 'DATABASE_URL is no address of a PostgreSQL database', {
      hint: 'write postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE, or unset it for SQLite',
    });
  }
  return new PostgresDatabase(url, options);
}

class PostgresDatabase implements Database {
  readonly engine = 'postgres';
  readonly #pool: PostgresPool;
  readonly #patienceMs: number;
  readonly #scope = new TransactionScope();

  constructor(url: string, options: PostgresOptions) {
    this.#pool = openPool(url, options.connections ?? 10);
    this.#patienceMs = options.patienceMs ?? 30_000;
  }

  query<Row extends object>(sql: string, params: readonly SqlValue[] = []): Promise<Row[]> {
    const reads = /^\s*(?:select|with)\b/i.test(sql);
    this.#scope.refuseInside();
    return this.#patiently(
      (pool) => run<Row>(pool, sql, params),
      // A write that may have been done must not be done twice.
      (fault) => reads || fault === 'not-connected',
    );
  }

  async queryTexts<Row extends object>(sql: string, params?: readonly SqlValue[]): Promise<WithTextBytes<Row>[]> {
    return textsAsBytes(await this.query(sql, params));
  }

  async insertMany(insert: BulkInsert): Promise<void> {
    await this.transaction((tx) => tx.insertMany(insert));
  }

  async execute(script: string): Promise<void> {
    await this.transaction((tx) => tx.execute(script));
  }

  transaction<Result>(work: (tx: Queryable) => Promise<Result>): Promise<Result> {
    this.#scope.refuseInside();
    let committing = false;
    return this.#patiently(
      async (pool) => {
        committing = false;
        const box = await pool.begin(async (tx) => {
          const result = await this.#scope.run(() => work(transactionHandle(tx)));
          committing = true;
          return { result };
        });
        return (box as { readonly result: Result }).result;
      },
      () => !committing,
    );
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  /** Repeats `work` while the server is away and `mayRepeat` allows it. */
  async #patiently<Result>(
    work: (pool: postgres.Sql) => Promise<Result>,
    mayRepeat: (fault: 'not-connected' | 'connection-lost' | 'try-again') => boolean,
  ): Promise<Result> {
    const end = performance.now() + this.#patienceMs;
    for (let attempt = 0; ; attempt++) {
      const pool = this.#pool.current();
      try {
        return await work(pool);
      } catch (error) {
        // The driver's error may lie under ours, when `work` ran on a handle.
        const cause = error instanceof ExportError ? error.cause : error;
        const fault = faultOf(cause);
        if (fault === 'connection-lost' || fault === 'not-connected') this.#pool.retire(pool);
        if (fault === 'other' || !mayRepeat(fault) || performance.now() > end) throw postgresError(error);
      }
      await pause(Math.min(1_000, 20 * 2 ** attempt));
    }
  }
}

function transactionHandle(tx: Handle): Queryable {
  return {
    engine: 'postgres',
    query: <Row extends object>(sql: string, params: readonly SqlValue[] = []) => wrapped(run<Row>(tx, sql, params)),
    queryTexts: async (sql, params = []) => textsAsBytes(await wrapped(run(tx, sql, params))),
    insertMany: (insert) => wrapped(insertRows(tx, insert)),
    // Without parameters the simple protocol is used, which takes several statements.
    execute: async (script) => void (await wrapped(tx.unsafe(script))),
  };
}

async function wrapped<Result>(work: PromiseLike<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw postgresError(error);
  }
}

async function run<Row extends object>(on: Handle, sql: string, params: readonly SqlValue[]): Promise<Row[]> {
  const rows = await on.unsafe(sql, [...params], { prepare: true });
  return [...rows] as object[] as Row[];
}
