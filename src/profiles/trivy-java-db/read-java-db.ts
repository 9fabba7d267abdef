// The rows of an upstream `trivy-java.db`, which is a file from outside and trusted for nothing, in a thread of their own.

import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ExportError } from '../../core/errors.ts';
import type { DatabaseRow, LeaveOut } from '../database/row.ts';
import type { ReadAnswer, ReadFailure, ReadSettings } from './read-protocol.ts';

const pageRows = 1_000;
/** While one page is worked on, the next one is read. */
const ahead = 2;

/**
 * All rows in rising order of k, in pages; classifiers are not in such files, so they are ''. Rows that have no form here
 * (formats.md §9) are told to `leaveOut` at the end. Errors: NOT_FOUND; VERIFICATION_FAILED when the file is damaged, cut
 * short or has another schema; STORAGE_FAILED when sorting finds no room for its temporary file.
 */
export async function* javaDbRows(file: string, leaveOut?: LeaveOut): AsyncGenerator<DatabaseRow[]> {
  await stat(file).catch((cause: unknown) => {
    throw new ExportError('NOT_FOUND', `${file} is not there`, { hint: 'give the file of a Java database', cause });
  });
  const answers = new Answers(file);
  try {
    for (;;) {
      const answer = await answers.next();
      if ('failure' in answer) throw failed(basename(file), answer.failure);
      if ('leftOut' in answer) {
        for (const [code, count] of Object.entries(answer.leftOut)) leaveOut?.(code, count);
        return;
      }
      yield rowsOf(answer.lines);
    }
  } finally {
    await answers.close();
  }
}

/** The thread's answers, in order, some asked for ahead. */
class Answers {
  readonly #worker: Worker;
  readonly #arrived: ReadAnswer[] = [];
  #wake: (() => void) | undefined;

  constructor(file: string) {
    // The checkout runs .ts, the built package .js; not with the program's own options, some of which are not for threads.
    const entry = new URL(`./read-worker${extname(import.meta.filename)}`, import.meta.url);
    const workerData: ReadSettings = { file, pageRows };
    this.#worker = new Worker(entry, { workerData, execArgv: [], resourceLimits: { maxYoungGenerationSizeMb: 8 } });
    this.#worker.on('message', (answer: ReadAnswer) => this.#take(answer));
    this.#worker.on('error', (error) => this.#take({ failure: { kind: 'failed', message: error.message } }));
    this.#worker.on('exit', () => this.#take({ failure: { kind: 'failed', message: 'the thread ended' } }));
    for (let i = 0; i < ahead; i++) this.#worker.postMessage('next');
  }

  async next(): Promise<ReadAnswer> {
    for (;;) {
      const answer = this.#arrived.shift();
      if (answer !== undefined) {
        this.#worker.postMessage('next');
        return answer;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #take(answer: ReadAnswer): void {
    this.#arrived.push(answer);
    this.#wake?.();
  }
}

function rowsOf(lines: Uint8Array): DatabaseRow[] {
  const bytes = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength);
  const rows: DatabaseRow[] = [];
  for (let start = 0; start < bytes.length;) {
    const tab = bytes.indexOf(0x09, start);
    const end = bytes.indexOf(0x0a, tab);
    rows.push({ k: bytes.toString('utf8', start, tab), v: bytes.subarray(tab + 1, end) });
    start = end + 1;
  }
  return rows;
}

function failed(name: string, { kind, message }: ReadFailure): ExportError {
  if (kind === 'failed') return new ExportError('STORAGE_FAILED', `reading ${name} failed: ${message}`);
  return new ExportError('VERIFICATION_FAILED', `${name} is no Java database that can be read: ${message}`, {
    hint: 'the file is damaged, cut short or of another kind; fetch it again',
  });
}
