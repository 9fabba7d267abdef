// The running hash of an upload: of a small one here, of one that has grown large by a thread that reads its file.

import type { FileHandle } from 'node:fs/promises';
import { Digester, type Digest, type DigestAlgorithm } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import type { FileHash, FileHasher } from './file-hasher.ts';
import { onDisk } from './storage-error.ts';

/** From here on a thread is worth its messages. */
const largeBytes = 8 << 20;
const readBytes = 1 << 20;

export type UploadFile = { readonly path: string; readonly handle: FileHandle; readonly size: number };

export class UploadHash {
  readonly #path: string;
  readonly #hasher: FileHasher;
  #hash: Digester | FileHash;
  /** What the digester has taken; the thread takes whatever is in the file. */
  #taken: number;

  private constructor(path: string, hasher: FileHasher, hash: Digester | FileHash, taken: number) {
    this.#path = path;
    this.#hasher = hasher;
    this.#hash = hash;
    this.#taken = taken;
  }

  /** Over all that is in the file already. */
  static async over(
    { path, handle, size }: UploadFile,
    hasher: FileHasher,
    algorithm: DigestAlgorithm = 'sha256',
  ): Promise<UploadHash> {
    const hash = size < largeBytes ? await digesterOver(handle, size, algorithm) : hasher.begin(path, algorithm);
    return new UploadHash(path, hasher, hash, size);
  }

  /** To be called with what is about to be written, in order. */
  add(bytes: Uint8Array): void {
    if (!(this.#hash instanceof Digester)) return;
    this.#taken += bytes.byteLength;
    if (this.#taken < largeBytes) this.#hash.update(bytes);
    else this.#hash = this.#hasher.begin(this.#path, this.#hash.algorithm);
  }

  /** To be called after that, with the size that the file has then. */
  written(size: number): void {
    if (!(this.#hash instanceof Digester)) this.#hash.advance(size);
  }

  /** False when something that was added never came into the file. */
  isAt(size: number): boolean {
    return !(this.#hash instanceof Digester) || this.#taken === size;
  }

  /** May be called once. */
  async digest(size: number): Promise<Digest> {
    return this.#hash.digest(size);
  }

  drop(): void {
    if (!(this.#hash instanceof Digester)) this.#hash.drop();
  }
}

async function digesterOver(handle: FileHandle, size: number, algorithm: DigestAlgorithm): Promise<Digester> {
  const digester = new Digester(algorithm);
  const buffer = Buffer.allocUnsafeSlow(Math.min(readBytes, Math.max(size, 1)));
  for (let position = 0; position < size;) {
    const { bytesRead } = await onDisk('reading an upload', () =>
      handle.read(buffer, 0, Math.min(buffer.byteLength, size - position), position),
    );
    if (bytesRead === 0) throw new ExportError('STORAGE_FAILED', 'an upload became shorter while it was read');
    digester.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
  return digester;
}
