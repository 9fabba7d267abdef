// Uploads in progress, as files that grow (distribution-spec §pushing blobs). The running hash is kept in memory only:
// after a restart, or when another process wrote in between, the bytes on disk are hashed again.

import { randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { digestAlgorithm, type Digest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import type { Clock } from '../../core/clock.ts';
import { appendStream } from './append-stream.ts';
import { wrongDigest, type ContentStore } from './content-store.ts';
import type { RepositoryPaths } from './disk-paths.ts';
import { markFile, removeFile, statOptionalFile } from './durable-file.ts';
import type { FileHasher } from './file-hasher.ts';
import { ifPresent } from './storage-error.ts';
import type { Sweepable, SweptSessions } from './storage.ts';
import { sweptFolder } from './swept-folder.ts';
import { UploadHash } from './upload-hash.ts';

/** Running hashes kept; an upload whose hash was dropped is read again. */
const maxStates = 256;

type HashState = { readonly size: number; readonly hash: UploadHash };

/** What the uploads of one process share, across repositories. */
export type UploadMemory = {
  readonly busy: Set<string>;
  readonly states: Map<string, HashState>;
  readonly hasher: FileHasher;
};

export class DiskUploads implements SweptSessions {
  readonly swept: Sweepable;
  readonly #paths: RepositoryPaths;
  readonly #content: ContentStore;
  readonly #clock: Clock;
  readonly #memory: UploadMemory;

  /** `temporary` is a folder on the same file system, see `sweptFolder`. */
  constructor(
    paths: RepositoryPaths,
    temporary: string,
    { content, clock, memory }: { content: ContentStore; clock: Clock; memory: UploadMemory },
  ) {
    this.swept = sweptFolder({
      folder: paths.uploads,
      temporary,
      nameOf: (file) => (paths.upload(file) === undefined ? undefined : file),
      pathOf: (id) => join(paths.uploads, id),
    });
    this.#paths = paths;
    this.#content = content;
    this.#clock = clock;
    this.#memory = memory;
  }

  async start(): Promise<string> {
    const id = randomUUID();
    await markFile(this.#path(id), this.#clock);
    return id;
  }

  async size(id: string): Promise<number | undefined> {
    const path = this.#paths.upload(id);
    return path === undefined ? undefined : (await statOptionalFile(path))?.size;
  }

  async append(id: string, source: AsyncIterable<Uint8Array>, offset?: number): Promise<number> {
    return this.#exclusively(id, async (handle, size) => {
      if (offset !== undefined && offset !== size) {
        throw new ExportError('CONFLICT', `the upload stands at ${size} bytes, the chunk begins at ${offset}`);
      }
      const hash = await this.#hashAt(id, handle, size);
      try {
        return await appendStream(handle, source, {
          position: size,
          hash: (bytes) => hash.add(bytes),
          written: (now) => hash.written(now),
          admit: refuseHuge,
        });
      } finally {
        // After a failed write the file is shorter than what was hashed; then it is read again next time.
        const { size: written } = await handle.stat();
        if (hash.isAt(written)) this.#remember(id, { size: written, hash });
        else hash.drop();
      }
    });
  }

  async finish(id: string, digest: Digest): Promise<void> {
    await this.#exclusively(id, async (handle, size) => {
      const path = this.#path(id);
      const algorithm = digestAlgorithm(digest);
      const hash =
        algorithm === 'sha256'
          ? await this.#hashAt(id, handle, size)
          : await UploadHash.over({ path, handle, size }, this.#memory.hasher, algorithm);
      this.#forget(id);
      if ((await hash.digest(size)) !== digest) {
        await removeFile(path);
        throw wrongDigest(digest);
      }
      await this.#content.adopt(handle, path, digest);
      await markFile(this.#paths.blob(digest), this.#clock);
    });
  }

  async cancel(id: string): Promise<boolean> {
    const path = this.#paths.upload(id);
    if (path === undefined || this.#memory.busy.has(path)) return false;
    this.#forget(id);
    return removeFile(path);
  }

  async #exclusively<T>(id: string, work: (handle: FileHandle, size: number) => Promise<T>): Promise<T> {
    const path = this.#path(id);
    if (this.#memory.busy.has(path)) throw new ExportError('CONFLICT', 'another request writes to this upload');
    this.#memory.busy.add(path);
    try {
      const handle = await ifPresent('opening an upload', () => open(path, 'r+'));
      if (!handle) throw unknownUpload();
      try {
        return await work(handle, (await handle.stat()).size);
      } finally {
        // Publishing closed it already; closing again is harmless.
        await handle.close().catch(() => undefined);
      }
    } finally {
      this.#memory.busy.delete(path);
    }
  }

  #path(id: string): string {
    const path = this.#paths.upload(id);
    if (path === undefined) throw unknownUpload();
    return path;
  }

  /** Takes the running hash over the first `size` bytes out of the memory, or begins it anew. */
  async #hashAt(id: string, handle: FileHandle, size: number): Promise<UploadHash> {
    const { states, hasher } = this.#memory;
    const state = states.get(id);
    if (state?.size === size) {
      states.delete(id);
      return state.hash;
    }
    this.#forget(id);
    return UploadHash.over({ path: this.#path(id), handle, size }, hasher);
  }

  #remember(id: string, state: HashState): void {
    const { states } = this.#memory;
    states.set(id, state);
    for (const oldest of states.keys()) {
      if (states.size <= maxStates) break;
      this.#forget(oldest);
    }
  }

  #forget(id: string): void {
    this.#memory.states.get(id)?.hash.drop();
    this.#memory.states.delete(id);
  }
}

function refuseHuge(size: number): void {
  if (size > limits.blobBytes) {
    throw new ExportError('INPUT_TOO_LARGE', `a blob may have ${limits.blobBytes} bytes at most`);
  }
}

function unknownUpload(): ExportError {
  return new ExportError('NOT_FOUND', 'no such upload');
}
