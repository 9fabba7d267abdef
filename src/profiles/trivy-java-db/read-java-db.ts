// The rows of an upstream `trivy-java.db`, which is a file from outside and trusted for nothing, in a thread of their own.

import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { ExportError } from '../../core/errors.ts';
import type { DatabaseRow, LeaveOut } from '../database/row.ts';
import type { ReadAnswer, ReadFailure, ReadSettings } from './read-protocol.ts';
import { Thread } from './thread.ts';

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
  const settings: ReadSettings = { file, pageRows };
  const died = (message: string): ReadAnswer => ({ failure: { kind: 'failed', message } });
  const thread = new Thread<'next', ReadAnswer>('read-worker', settings, died);
  try {
    for (let i = 0; i < ahead; i++) thread.post('next');
    for (;;) {
      const answer = await thread.next();
      thread.post('next');
      if ('failure' in answer) throw failed(basename(file), answer.failure);
      if ('leftOut' in answer) {
        for (const [code, count] of Object.entries(answer.leftOut)) leaveOut?.(code, count);
        return;
      }
      yield rowsOf(answer.lines);
    }
  } finally {
    await thread.close();
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
