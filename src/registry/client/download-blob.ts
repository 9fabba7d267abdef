// Downloading a blob into a file, resumable to the byte by another process: what has arrived waits in a part file, which
// is hashed again before the rest is fetched; the file gets its name only when size and digest are right.

import { createReadStream } from 'node:fs';
import { open, rm, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Digester, digestAlgorithm } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { RepositoryReader } from '../../oci/repository.ts';
import { makeFolder, publishFile, statOptionalFile } from '../storage/durable-file.ts';
import { onDisk } from '../storage/storage-error.ts';
import { cancelled } from './network-errors.ts';

export type DownloadOptions = {
  /** Where the unfinished file waits, on the same file system; default `<file>.part`. */
  readonly part?: string;
  readonly signal?: AbortSignal | undefined;
  /** Told the size of every piece that is written, for progress. */
  readonly onBytes?: ((count: number) => void) | undefined;
};

/**
 * Fetches `descriptor` into `file`, durably. Network errors and cancelling leave the part file for the next try.
 * Throws DIGEST_MISMATCH when the bytes are wrong; the part file is removed then.
 */
export async function downloadBlob(
  repository: Pick<RepositoryReader, 'openBlob'>,
  descriptor: Descriptor,
  file: string,
  options: DownloadOptions = {},
): Promise<void> {
  const part = options.part ?? `${file}.part`;
  await makeFolder(dirname(part));
  const resumed = await download(repository, descriptor, file, part, options);
  if (resumed === 'stored') return;
  // What waited was not a beginning of this blob (a machine that lost power may leave such): from the start, once.
  await download(repository, descriptor, file, part, options);
}

/** `retry` when a resumed part turned out wrong; it is gone then. */
async function download(
  repository: Pick<RepositoryReader, 'openBlob'>,
  descriptor: Descriptor,
  file: string,
  part: string,
  options: DownloadOptions,
): Promise<'stored' | 'retry'> {
  const digester = new Digester(digestAlgorithm(descriptor.digest));
  const have = await hashPart(part, descriptor.size, digester, options.signal);
  const handle = await onDisk('storing a download', () => open(part, 'a', 0o644));
  try {
    let size = have;
    const source = have > 0 && have === descriptor.size ? [] : repository.openBlob(descriptor, have);
    for await (const chunk of source) {
      if (options.signal?.aborted) throw cancelled();
      size += chunk.length;
      if (size > descriptor.size) throw mismatch(descriptor, `is longer than ${descriptor.size} bytes`);
      digester.update(chunk);
      await onDisk('storing a download', () => handle.writeFile(chunk));
      options.onBytes?.(chunk.length);
    }
    if (size !== descriptor.size) throw mismatch(descriptor, `ends after ${size} bytes`);
    if (digester.digest() !== descriptor.digest) throw mismatch(descriptor, 'has other bytes');
    await publishFile(handle, part, file);
    return 'stored';
  } catch (thrown) {
    await handle.close().catch(() => {});
    if (!(thrown instanceof ExportError) || thrown.code !== 'DIGEST_MISMATCH') throw thrown;
    await rm(part, { force: true });
    if (have === 0) throw thrown;
    return 'retry';
  }
}

/** Hashes what is there and gives its size; a part that is too long cannot be of this blob and is emptied. */
async function hashPart(part: string, limit: number, digester: Digester, signal?: AbortSignal): Promise<number> {
  const size = (await statOptionalFile(part))?.size ?? 0;
  if (size === 0) return 0;
  if (size > limit) {
    await onDisk('emptying a download', () => truncate(part, 0));
    return 0;
  }
  let hashed = 0;
  await onDisk('reading a download', async () => {
    for await (const chunk of createReadStream(part, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
      if (signal?.aborted) throw cancelled();
      digester.update(chunk);
      hashed += chunk.length;
    }
  });
  return hashed;
}

function mismatch({ digest }: Descriptor, what: string): ExportError {
  return new ExportError('DIGEST_MISMATCH', `the download of blob ${digest} ${what}`, {
    hint: 'the registry, or something on the way, gives damaged content',
  });
}
