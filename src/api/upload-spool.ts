// Where an uploaded input waits until it is ingested: a file of its own in a folder of its own, so that it keeps the
// name by which its format is known. Gone afterwards, whatever happens.

import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ExportError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';

/** Stores `body` below `folder`, calls `use` with the file's path, removes the file. INPUT_TOO_LARGE beyond the limit. */
export async function withSpooledUpload<T>(
  folder: string,
  name: string,
  body: ReadableStream<Uint8Array> | null,
  use: (path: string) => Promise<T>,
): Promise<T> {
  checkFileName(name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const own = await mkdtemp(join(folder, 'upload-'));
  try {
    const path = join(own, name);
    const source = body === null ? Readable.from([]) : Readable.fromWeb(body as never);
    await pipeline(source, bounded, createWriteStream(path, { mode: 0o600 })).catch((thrown: unknown) => {
      throw uploadError(thrown);
    });
    return await use(path);
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

/** Throws INPUT_INVALID unless `name` is a plain file name. */
export function checkFileName(name: string): void {
  const plain = name !== '.' && name !== '..' && !/[/\\\p{Cc}]/u.test(name) && Buffer.byteLength(name) <= 255;
  if (!plain || name === '') throw new ExportError('INPUT_INVALID', 'the name of an upload must be a plain file name');
}

async function* bounded(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > limits.inputBytes) {
      throw new ExportError('INPUT_TOO_LARGE', `the upload is larger than ${limits.inputBytes} bytes`);
    }
    yield chunk;
  }
}

function uploadError(thrown: unknown): ExportError {
  if (thrown instanceof ExportError) return thrown;
  const full = (thrown as NodeJS.ErrnoException).code === 'ENOSPC';
  return new ExportError(full ? 'STORAGE_FULL' : 'STORAGE_FAILED', 'the upload could not be stored', { cause: thrown });
}
