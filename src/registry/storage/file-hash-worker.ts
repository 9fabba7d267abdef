// A thread that hashes files while they grow. It reads them by itself: the bytes have just been written, so they come out
// of the system's memory. In between no file is open, so one that nobody goes on with takes no room once it is removed.

import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { Digester } from '../../core/digest.ts';
import type { FileHashAnswer, FileHashRequest } from './file-hash-protocol.ts';

type FollowedFile = { readonly path: string; readonly digester: Digester; done: number; failure?: string };

/** Small enough to stay near the processor between reading and hashing. */
const buffer = Buffer.allocUnsafeSlow(256 << 10);
const files = new Map<number, FollowedFile>();

function handle(request: FileHashRequest): FileHashAnswer | undefined {
  const { hash } = request;
  if ('path' in request) {
    files.set(hash, { path: request.path, digester: new Digester(request.algorithm), done: 0 });
    return undefined;
  }
  const file = files.get(hash);
  const isOver = 'drop' in request || request.last;
  if (isOver) files.delete(hash);
  if ('drop' in request) return undefined;
  if (file) follow(file, request.size);
  return isOver ? answerOf(hash, file) : undefined;
}

function answerOf(hash: number, file: FollowedFile | undefined): FileHashAnswer {
  if (file === undefined) return { hash, failure: 'it was never begun' };
  return file.failure === undefined ? { hash, digest: file.digester.digest() } : { hash, failure: file.failure };
}

function follow(file: FollowedFile, size: number): void {
  try {
    const fd = openSync(file.path, 'r');
    try {
      read(fd, file, size);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    file.failure ??= String(error);
  }
}

function read(fd: number, file: FollowedFile, size: number): void {
  while (file.done < size) {
    const count = readSync(fd, buffer, 0, Math.min(buffer.byteLength, size - file.done), file.done);
    if (count === 0) throw new Error('it became shorter while it was read');
    file.digester.update(buffer.subarray(0, count));
    file.done += count;
  }
}

parentPort?.on('message', (request: FileHashRequest) => {
  const answer = handle(request);
  if (answer) parentPort?.postMessage(answer);
});
