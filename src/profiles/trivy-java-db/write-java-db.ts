// Writes `trivy-java.db` in a thread of its own: the same rows give the same bytes, on every machine.

import { open, rm } from 'node:fs/promises';
import { ExportError } from '../../core/errors.ts';
import type { DatabaseRow } from '../database/row.ts';
import { buildPath } from './file-writer.ts';
import { Thread } from './thread.ts';
import type { WriteAnswer, WriteFailure, WriteRequest, WriteSettings, WriteSummary } from './write-protocol.ts';

export type { WriteSummary } from './write-protocol.ts';

/**
 * The id of these bytes (formats.md §9). They are the same with SQLite 3.40 and 3.53; whoever gets others must not
 * publish under this id.
 */
export const javaDbWriter = 'sqlite-java/1';

/** Pages on their way to the thread. */
const ahead = 2;

/**
 * Writes rows, which come in rising order of k, to `file`, which must not be there; after an error it is not. Errors:
 * INPUT_INVALID for rows that are not sorted or not in the form of formats.md §9, STORAGE_FULL, STORAGE_FAILED.
 */
export async function writeJavaDb(rows: AsyncIterable<readonly DatabaseRow[]>, file: string): Promise<WriteSummary> {
  await create(file);
  const settings: WriteSettings = { file };
  const failed = (message: string): WriteAnswer => ({ failure: { kind: 'failed', message } });
  const thread = new Thread<WriteRequest, WriteAnswer>('write-worker', settings, failed);
  try {
    let waiting = 0;
    for await (const page of rows) {
      const lines = linesOf(page);
      if (lines.length === 0) continue;
      thread.post(lines, [lines.buffer]);
      if (++waiting <= ahead) continue;
      answered(await thread.next());
      waiting--;
    }
    thread.post(null);
    for (;;) {
      const summary = answered(await thread.next());
      if (summary !== undefined) return summary;
    }
  } catch (error) {
    await thread.close();
    await Promise.all([file, buildPath(file)].map((path) => rm(path, { force: true })));
    throw error;
  } finally {
    await thread.close();
  }
}

async function create(file: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600).catch((cause: unknown) => {
    throw new ExportError('STORAGE_FAILED', `${file} cannot be created`, { cause });
  });
  await handle.close();
}

/** `k TAB v LF` for each row: neither keys nor canonical JSON hold tabs or line ends. */
function linesOf(page: readonly DatabaseRow[]): Uint8Array<ArrayBuffer> {
  let size = 0;
  for (const { k, v } of page) size += Buffer.byteLength(k) + v.length + 2;
  const bytes = Buffer.from(new ArrayBuffer(size));
  let at = 0;
  for (const { k, v } of page) {
    at += bytes.write(k, at, 'utf8');
    bytes[at++] = 0x09;
    at += v.copy(bytes, at);
    bytes[at++] = 0x0a;
  }
  return new Uint8Array(bytes.buffer);
}

function answered(answer: WriteAnswer): WriteSummary | undefined {
  if ('failure' in answer) throw failure(answer.failure);
  return 'summary' in answer ? answer.summary : undefined;
}

function failure({ kind, message }: WriteFailure): ExportError {
  if (kind === 'invalid') return new ExportError('INPUT_INVALID', `the Java database cannot be written: ${message}`);
  if (kind === 'full') {
    return new ExportError('STORAGE_FULL', 'no space left for the Java database', { hint: 'free some disk space' });
  }
  return new ExportError('STORAGE_FAILED', `writing the Java database failed: ${message}`);
}
