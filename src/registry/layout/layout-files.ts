// The files of an OCI image layout: blobs/<alg>/<hex> (image-spec v1.1.1 image-layout.md §blobs), written beside,
// synced and renamed, so that what has a blob's name has its bytes.

import { randomUUID } from 'node:crypto';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Digester, digestAlgorithm, digestHex, type Digest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { BlobSource } from '../../oci/repository.ts';
import { appendStream } from '../storage/append-stream.ts';
import { makeFolder, publishFile, statOptionalFile } from '../storage/durable-file.ts';
import { ifPresent, onDisk } from '../storage/storage-error.ts';

const pieceBytes = 1 << 18;

export class LayoutFiles {
  readonly dir: string;
  /** Where files are before they are whole; oras uses the same folder. */
  readonly ingest: string;

  constructor(dir: string) {
    this.dir = dir;
    this.ingest = join(dir, 'ingest');
  }

  path(digest: Digest): string {
    return join(this.dir, 'blobs', digestAlgorithm(digest), digestHex(digest));
  }

  /** Where an unfinished download of a blob waits to be taken up again. */
  partPath(digest: Digest): string {
    return join(this.ingest, `${digestAlgorithm(digest)}-${digestHex(digest)}.part`);
  }

  async size(digest: Digest): Promise<number | undefined> {
    return (await statOptionalFile(this.path(digest)))?.size;
  }

  /** Bytes from `from` on; verified when read from the start. */
  async *read(descriptor: Descriptor, from: number): AsyncGenerator<Buffer> {
    const { digest, size } = descriptor;
    const handle = await ifPresent('opening a blob', () => open(this.path(digest), 'r'));
    if (!handle) throw new ExportError('NOT_FOUND', `blob ${digest} is not in ${this.dir}`);
    try {
      const found = (await handle.stat()).size;
      if (found !== size) throw mismatch(this.dir, digest, `has ${found} bytes instead of ${size}`);
      yield* readHandle(handle, descriptor, from, this.dir);
    } finally {
      await handle.close();
    }
  }

  /** Stores a blob unless it is there with its size. Throws DIGEST_MISMATCH, and then nothing is stored. */
  async write(descriptor: Descriptor, source: BlobSource): Promise<'present' | 'written'> {
    if ((await this.size(descriptor.digest)) === descriptor.size) {
      if (Buffer.isBuffer(source)) checkBytes(descriptor, source);
      return 'present';
    }
    await makeFolder(this.ingest);
    const temporary = join(this.ingest, `tmp-${randomUUID()}`);
    const handle = await onDisk('storing a blob', () => open(temporary, 'wx', 0o644));
    try {
      await fill(handle, descriptor, source);
      await publishFile(handle, temporary, this.path(descriptor.digest));
    } catch (thrown) {
      await handle.close().catch(() => {});
      await unlink(temporary).catch(() => {});
      throw thrown;
    }
    return 'written';
  }
}

async function fill(handle: FileHandle, descriptor: Descriptor, source: BlobSource): Promise<void> {
  const digester = new Digester(digestAlgorithm(descriptor.digest));
  const size = await appendStream(handle, Buffer.isBuffer(source) ? once(source) : source(), {
    position: 0,
    hash: (bytes) => digester.update(bytes),
    admit: (size) => {
      if (size > descriptor.size) throw wrong(descriptor, `has more than ${descriptor.size} bytes`);
    },
  });
  if (size !== descriptor.size) throw wrong(descriptor, `has ${size} bytes instead of ${descriptor.size}`);
  if (digester.digest() !== descriptor.digest) throw wrong(descriptor, 'has other bytes');
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

function checkBytes(descriptor: Descriptor, bytes: Buffer): void {
  const digester = new Digester(digestAlgorithm(descriptor.digest));
  digester.update(bytes);
  if (digester.digest() !== descriptor.digest) throw wrong(descriptor, 'has other bytes');
}

async function* readHandle(
  handle: FileHandle,
  { digest, size }: Descriptor,
  from: number,
  dir: string,
): AsyncGenerator<Buffer> {
  const digester = from === 0 ? new Digester(digestAlgorithm(digest)) : undefined;
  for (let at = from; at < size;) {
    const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, size - at));
    const { bytesRead } = await onDisk('reading a blob', () => handle.read(buffer, 0, buffer.length, at));
    if (bytesRead === 0) throw mismatch(dir, digest, `ends after ${at} bytes`);
    const piece = buffer.subarray(0, bytesRead);
    digester?.update(piece);
    at += bytesRead;
    yield piece;
  }
  if (digester && digester.digest() !== digest) throw mismatch(dir, digest, 'has other bytes');
}

function mismatch(dir: string, digest: Digest, what: string): ExportError {
  return new ExportError('DIGEST_MISMATCH', `blob ${digest} in ${dir} ${what}`, {
    hint: 'the file is damaged: remove it and fetch it again',
  });
}

function wrong({ digest }: Descriptor, what: string): ExportError {
  return new ExportError('DIGEST_MISMATCH', `the content to store as ${digest} ${what}`);
}
