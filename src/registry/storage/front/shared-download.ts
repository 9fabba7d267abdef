// One download of a blob for everybody who asks for it at the same time: the bytes go into a temporary file, and readers
// follow behind. The last byte is shown only after the whole was verified and stored, so nobody ever gets a wrong blob as a
// whole one; a download that fails breaks its readers off and leaves nothing.

import { randomUUID } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Descriptor } from '../../../oci/descriptor.ts';
import { ExportError } from '../../../core/errors.ts';
import type { ContentStore } from '../content-store.ts';
import { ifPresent, onDisk } from '../storage-error.ts';
import type { BlobReader } from '../storage.ts';

export type DownloadTarget = {
  readonly content: ContentStore;
  /** A folder on the same file system as the content. */
  readonly temporary: string;
};

export class SharedDownload {
  /** Settles when the blob is stored, or is not going to be. */
  readonly done: Promise<void>;
  readonly #descriptor: Descriptor;
  readonly #target: DownloadTarget;
  readonly #path: string;
  #visible = 0;
  #failure: { readonly thrown: unknown } | undefined;
  #news = Promise.withResolvers<void>();

  private constructor(
    descriptor: Descriptor,
    target: DownloadTarget,
    path: string,
    work: (to: SharedDownload) => Promise<void>,
  ) {
    this.#descriptor = descriptor;
    this.#target = target;
    this.#path = path;
    this.done = work(this);
    // Readers hear of a failure by themselves; without a reader it is nobody's.
    this.done.catch(() => undefined);
  }

  /** `source` gives the bytes and throws at its end when they do not have the descriptor's size and digest. */
  static async begin(
    descriptor: Descriptor,
    source: AsyncIterable<Buffer>,
    target: DownloadTarget,
  ): Promise<SharedDownload> {
    const path = join(target.temporary, randomUUID());
    const handle = await onDisk('storing a download', () => open(path, 'wx'));
    return new SharedDownload(descriptor, target, path, (download) => download.#receive(handle, source));
  }

  /** The blob for one reader; it waits for bytes that have not come yet. */
  async reader(): Promise<BlobReader> {
    const handle = await ifPresent('reading a download', () => open(this.#path, 'r'));
    if (handle)
      return {
        size: this.#descriptor.size,
        read: (into, at) => this.#read(handle, into, at),
        close: () => handle.close(),
      };
    await this.done;
    const stored = await this.#target.content.read(this.#descriptor.digest);
    if (stored) return stored;
    throw new ExportError('STORAGE_FAILED', `the download ${this.#descriptor.digest} vanished`, { retryable: true });
  }

  async #read(handle: FileHandle, into: Buffer, position: number): Promise<number> {
    if (position >= this.#descriptor.size) return 0;
    while (this.#visible <= position) {
      if (this.#failure) throw this.#failure.thrown;
      await this.#news.promise;
    }
    const length = Math.min(into.byteLength, this.#visible - position);
    const { bytesRead } = await onDisk('reading a download', () => handle.read(into, 0, length, position));
    return bytesRead;
  }

  async #receive(handle: FileHandle, source: AsyncIterable<Buffer>): Promise<void> {
    const { digest, size } = this.#descriptor;
    try {
      let arrived = 0;
      for await (const chunk of source) {
        await onDisk('storing a download', () => handle.writeFile(chunk));
        arrived += chunk.byteLength;
        this.#show(Math.min(arrived, size - 1));
      }
      await this.#target.content.adopt(handle, this.#path, digest);
      this.#show(size);
    } catch (thrown) {
      this.#failure = { thrown };
      this.#news.resolve();
      await handle.close().catch(() => undefined);
      await unlink(this.#path).catch(() => undefined);
      throw thrown;
    }
  }

  #show(bytes: number): void {
    this.#visible = bytes;
    const told = this.#news;
    this.#news = Promise.withResolvers();
    told.resolve();
  }
}
