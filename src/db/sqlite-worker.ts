// A thread that owns one SQLite connection and answers one message after the other.
// WAL with synchronous=FULL: a commit is on the disk when it is acknowledged.

import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import type { SqlRow, SqlValue } from './database.ts';
import { takeTexts } from './text-column.ts';
import type { SqliteFailure, SqliteReply, SqliteRequest, SqliteSettings } from './sqlite-protocol.ts';

/** Prepared statements kept; beyond it the oldest goes. */
const cacheSize = 200;

function openConnection(settings: SqliteSettings): DatabaseSync {
  const connection = new DatabaseSync(settings.file, { timeout: settings.busyTimeoutMs });
  // A reader may be the first to open a new file, so it is not opened read-only but told not to write.
  connection.exec(`
    pragma journal_mode = wal;
    pragma synchronous = full;
    pragma foreign_keys = on;
    pragma temp_store = memory;
    pragma cache_size = ${settings.role === 'reader' ? -4096 : -8192};
    pragma journal_size_limit = 67108864;
    pragma query_only = ${settings.role === 'reader' ? 'on' : 'off'};
  `);
  return connection;
}

class Connection {
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(settings: SqliteSettings) {
    this.#connection = openConnection(settings);
  }

  answer(request: SqliteRequest): SqlRow[] {
    switch (request.kind) {
      case 'query':
      case 'texts':
        return this.#prepare(request.sql).all(...request.params) as SqlRow[];
      case 'execute':
        this.#connection.exec(request.script);
        return [];
      case 'insert':
        this.#insert(request.sql, request.rows);
        return [];
      case 'close':
        this.#statements.clear();
        this.#connection.close();
        return [];
      default:
        throw new Error(`unknown request ${JSON.stringify(request)}`);
    }
  }

  #insert(sql: string, rows: readonly (readonly SqlValue[])[]): void {
    const statement = this.#prepare(sql);
    for (const row of rows) statement.run(...row);
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#connection.prepare(sql.replaceAll(/\$(\d+)/g, '?$1'));
    if (this.#statements.size >= cacheSize) this.#statements.delete(this.#statements.keys().next().value as string);
    this.#statements.set(sql, statement);
    return statement;
  }
}

function describe(error: unknown): SqliteFailure {
  const code = (error as { errcode?: unknown }).errcode;
  const message = error instanceof Error ? error.message : String(error);
  return { message, resultCode: typeof code === 'number' ? code : 0 };
}

function serve(): void {
  const port = parentPort;
  if (port === null) throw new Error('started outside a worker thread');
  let connection: Connection | undefined;
  port.on('message', (request: SqliteRequest) => {
    let reply: SqliteReply;
    try {
      // Opened by the first message, so that a file that cannot be opened fails a query and not the thread.
      if (request.kind !== 'close') connection ??= new Connection(workerData as SqliteSettings);
      const rows = connection?.answer(request) ?? [];
      reply = request.kind === 'texts' ? { rows, texts: takeTexts(rows) } : { rows };
    } catch (error) {
      reply = { failure: describe(error) };
    }
    port.postMessage(reply, 'texts' in reply ? [reply.texts.buffer] : []);
    if (request.kind === 'close') port.close();
  });
}

serve();
