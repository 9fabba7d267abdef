// The main thread's end of one SQLite thread: started by the first request, answers in order of the questions.

import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ExportError } from '../core/errors.ts';
import type { SqlRow } from './database.ts';
import { sqliteError } from './sqlite-errors.ts';
import { putTexts } from './text-column.ts';
import type { SqliteReply, SqliteRequest, SqliteSettings } from './sqlite-protocol.ts';

// The checkout runs .ts, the built package .js.
const entry = new URL(`./sqlite-worker${extname(import.meta.filename)}`, import.meta.url);

export type AskSqlite = (request: SqliteRequest) => Promise<SqlRow[]>;

type Waiting = { resolve(rows: SqlRow[]): void; reject(error: unknown): void };

export class SqliteThread {
  readonly #settings: SqliteSettings;
  readonly #waiting: Waiting[] = [];
  #worker: Worker | undefined;

  constructor(settings: SqliteSettings) {
    this.#settings = settings;
  }

  /** Requests that wait for an answer. */
  get load(): number {
    return this.#waiting.length;
  }

  ask(request: SqliteRequest): Promise<SqlRow[]> {
    const worker = (this.#worker ??= this.#start());
    return new Promise((resolve, reject) => {
      worker.postMessage(request);
      this.#waiting.push({ resolve, reject });
      // An idle thread must not keep the process alive; a waiting question must.
      worker.ref();
    });
  }

  /**
   * Like `ask`, but of the connection that is open now and of no later one: half a transaction must not go on as
   * statements of their own when the thread dies.
   */
  bound(): AskSqlite {
    const worker = (this.#worker ??= this.#start());
    return async (request) => {
      if (this.#worker !== worker) throw new ExportError('INTERNAL', 'the database thread ended inside a transaction');
      return this.ask(request);
    };
  }

  /** Closes the connection after what was asked before. */
  async close(): Promise<void> {
    if (this.#worker === undefined) return;
    const worker = this.#worker;
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    await this.ask({ kind: 'close' });
    worker.ref();
    await ended;
  }

  #start(): Worker {
    // A small nursery: what passes through is dead at once, and would only make the heap grow.
    const worker = new Worker(entry, {
      workerData: this.#settings,
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
      // Not those of the program: some, such as --input-type, are not for threads.
      execArgv: [],
    });
    worker.on('message', (reply: SqliteReply) => {
      const question = this.#waiting.shift();
      if (this.#waiting.length === 0) worker.unref();
      if ('rows' in reply) question?.resolve(reply.texts ? putTexts(reply.rows, reply.texts) : reply.rows);
      else question?.reject(sqliteError(reply.failure, this.#settings.file));
    });
    worker.on('error', (error) => this.#fail(worker, error));
    worker.on('exit', () => this.#fail(worker, new Error('the database thread ended')));
    return worker;
  }

  #fail(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const message = cause instanceof Error ? cause.message : String(cause);
    for (const question of this.#waiting.splice(0)) {
      question.reject(new ExportError('INTERNAL', `database thread: ${message}`, { cause }));
    }
  }
}
