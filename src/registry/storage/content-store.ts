// Content by digest, shared by all repositories of a storage folder (image-spec image-layout.md §blobs, with one more
// level of folders). What has its name here was hashed while it was written, synced and renamed.

import { randomUUID } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { digestAlgorithm, Digester, type Digest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import type { Clock } from '../../core/clock.ts';
import type { BlobSource } from '../../oci/repository.ts';
import { appendStream } from './append-stream.ts';
import { ByteLru } from './byte-lru.ts';
import type { DiskPaths } from './disk-paths.ts';
import { makeFolder, publishFile, statOptionalFile, touchFile } from './durable-file.ts';
import { ifPresent, onDisk } from './storage-error.ts';
import type { StoredContent } from './stored-content.ts';
import type { BlobReader } from './storage.ts';

/** Blobs up to this size are kept in memory once read. */
const cachedBlobBytes = 256 << 10;

export class ContentStore implements StoredContent {
  readonly #paths: DiskPaths;
  readonly #clock: Clock;
  readonly #cache: ByteLru;

  constructor(paths: DiskPaths, clock: Clock, cacheBytes: number) {
    this.#paths = paths;
    this.#clock = clock;
    this.#cache = new ByteLru(cacheBytes);
  }

  /** Size in bytes, undefined when it is not there. */
  async size(digest: Digest): Promise<number | undefined> {
    return (await statOptionalFile(this.#paths.blob(digest)))?.size;
  }

  async has(digest: Digest): Promise<boolean> {
    return this.#cache.has(digest) || (await this.size(digest)) !== undefined;
  }

  /** Keeps the sweep away for a while; false when the content is not there. */
  touch(digest: Digest): Promise<boolean> {
    return touchFile(this.#paths.blob(digest), this.#clock);
  }

  /** Stores bytes of this digest and size. Throws DIGEST_MISMATCH, and stores nothing, when they are others. */
  async put(digest: Digest, size: number, source: BlobSource): Promise<void> {
    if (Buffer.isBuffer(source)) verifyBytes(digest, size, source);
    const temporary = join(this.#paths.temporary, randomUUID());
    const handle = await openTemporary(temporary);
    try {
      if (Buffer.isBuffer(source)) await onDisk('storing content', () => handle.writeFile(source));
      else await receive(handle, digest, size, source());
      await this.adopt(handle, temporary, digest);
    } catch (thrown) {
      await handle.close().catch(() => undefined);
      await unlink(temporary).catch(() => undefined);
      throw thrown;
    }
  }

  /**
   * Gives the verified file `temporary` its name. Content that was there already is replaced by the same bytes: they
   * were checked just now, the old ones perhaps years ago. Closes the handle.
   */
  adopt(handle: FileHandle, temporary: string, digest: Digest): Promise<void> {
    return publishFile(handle, temporary, this.#paths.blob(digest));
  }

  /** Content for serving; small content comes verified and from memory where possible. */
  async read(digest: Digest): Promise<BlobReader | undefined> {
    const cached = this.#cache.get(digest);
    if (cached) return readerOfBytes(cached);
    const handle = await ifPresent('opening content', () => open(this.#paths.blob(digest), 'r'));
    if (!handle) return undefined;
    const { size } = await handle.stat();
    if (size > cachedBlobBytes) return readerOfFile(handle, size);
    return readerOfBytes(await this.#load(handle, digest, size));
  }

  /** All bytes of a manifest, verified; undefined when it is not there. */
  async readManifest(digest: Digest): Promise<Buffer | undefined> {
    const cached = this.#cache.get(digest);
    if (cached) return cached;
    const handle = await ifPresent('opening content', () => open(this.#paths.blob(digest), 'r'));
    if (!handle) return undefined;
    return this.#load(handle, digest, Math.min((await handle.stat()).size, limits.manifestBytes + 1));
  }

  /** Forgets what the memory holds of content that was removed. */
  forget(digest: Digest): void {
    this.#cache.delete(digest);
  }

  /** Reads, verifies and caches; closes the handle. */
  async #load(handle: FileHandle, digest: Digest, size: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(size);
    const reader = readerOfFile(handle, size);
    try {
      let position = 0;
      while (position < size) {
        const count = await reader.read(bytes.subarray(position), position);
        if (count === 0) break;
        position += count;
      }
      const digester = new Digester(digestAlgorithm(digest));
      digester.update(bytes.subarray(0, position));
      if (digester.digest() !== digest) throw damaged(digest);
    } finally {
      await reader.close();
    }
    this.#cache.set(digest, bytes);
    return bytes;
  }
}

async function openTemporary(path: string): Promise<FileHandle> {
  return onDisk('storing content', async () => {
    const handle = await ifPresent('storing content', () => open(path, 'wx'));
    if (handle) return handle;
    await makeFolder(join(path, '..'));
    return open(path, 'wx');
  });
}

export function readerOfBytes(bytes: Buffer): BlobReader {
  return {
    size: bytes.byteLength,
    bytes,
    read: (into, position) => Promise.resolve(bytes.copy(into, 0, position)),
    close: () => Promise.resolve(),
  };
}

function readerOfFile(handle: FileHandle, size: number): BlobReader {
  return {
    size,
    read: (into, position) =>
      onDisk('reading content', async () => (await handle.read(into, 0, into.byteLength, position)).bytesRead),
    close: () => handle.close(),
  };
}

async function receive(
  handle: FileHandle,
  digest: Digest,
  size: number,
  source: AsyncIterable<Uint8Array>,
): Promise<void> {
  const digester = new Digester(digestAlgorithm(digest));
  const written = await appendStream(handle, source, {
    position: 0,
    hash: (bytes) => digester.update(bytes),
    admit: (total) => refuseLonger(total, size, digest),
  });
  if (written !== size) throw wrongSize(digest, size, written);
  if (digester.digest() !== digest) throw wrongDigest(digest);
}

/** Throws DIGEST_MISMATCH unless `bytes` have this size and digest. */
export function verifyBytes(digest: Digest, size: number, bytes: Buffer): void {
  if (bytes.byteLength !== size) throw wrongSize(digest, size, bytes.byteLength);
  const digester = new Digester(digestAlgorithm(digest));
  digester.update(bytes);
  if (digester.digest() !== digest) throw wrongDigest(digest);
}

function refuseLonger(total: number, size: number, digest: Digest): void {
  if (total > size) throw wrongSize(digest, size, total);
}

export function wrongSize(digest: Digest, expected: number, found: number): ExportError {
  return new ExportError('DIGEST_MISMATCH', `${digest} should have ${expected} bytes, there are ${found}`);
}

export function wrongDigest(digest: Digest): ExportError {
  return new ExportError('DIGEST_MISMATCH', `the bytes are not those of ${digest}`);
}

export function damaged(digest: Digest): ExportError {
  return new ExportError('STORAGE_FAILED', `the stored content ${digest} is damaged`, {
    hint: 'push it again: intact bytes take its place',
  });
}
