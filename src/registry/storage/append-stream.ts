// Writes a stream into an open file in large pieces, hashing while one piece is on its way to the disk.
// Pieces are copied out of the source's chunks: a source may use its buffers again, and what is hashed must be exactly
// what is written. Memory is bounded by two pieces.

import type { FileHandle } from 'node:fs/promises';
import { onDisk } from './storage-error.ts';

const pieceBytes = 1 << 20;

/** Most streams are small: the first piece does not take a whole one's memory. */
const firstPieceBytes = 64 << 10;

/**
 * From time to time what was written is sent on to the disk while more comes in. Otherwise all of a large upload would
 * wait for the last sync, and large uploads that end together would keep every thread that writes busy with it.
 */
const flushEveryBytes = 32 << 20;

export type AppendOptions = {
  /** Where in the file the first byte goes. */
  readonly position: number;
  /** Called with every piece, in order, before it is written. */
  readonly hash: (bytes: Uint8Array) => void;
  /** Called with the size that the file has after each piece. */
  readonly written?: (size: number) => void;
  /** Called with the size that the file is about to have; throws to stop. */
  readonly admit: (size: number) => void;
};

/** Returns the file's new size. When the source fails, what came until then is written before the error is thrown. */
export async function appendStream(
  handle: FileHandle,
  source: AsyncIterable<Uint8Array>,
  options: AppendOptions,
): Promise<number> {
  const writer = new PieceWriter(handle, options);
  try {
    for await (const chunk of source) {
      options.admit(writer.size + chunk.byteLength);
      await writer.add(chunk);
    }
  } finally {
    await writer.flush();
  }
  return writer.size;
}

class PieceWriter {
  size: number;
  readonly #handle: FileHandle;
  readonly #hash: AppendOptions['hash'];
  readonly #onWritten: AppendOptions['written'];
  #written: number;
  #piece: Buffer | undefined;
  #filled = 0;
  /** The piece before this one; free again once nothing is in flight. */
  #previous: Buffer | undefined;
  #inFlight: Promise<void> = Promise.resolve();
  #flushedAt: number;
  #flushing = false;
  #ahead: Promise<void> = Promise.resolve();

  constructor(handle: FileHandle, { position, hash, written }: AppendOptions) {
    this.#handle = handle;
    this.#hash = hash;
    this.#onWritten = written;
    this.#written = position;
    this.#flushedAt = position;
    this.size = position;
  }

  async add(chunk: Uint8Array): Promise<void> {
    this.size += chunk.byteLength;
    for (let from = 0; from < chunk.byteLength;) {
      this.#piece ??= Buffer.allocUnsafeSlow(this.#previous ? pieceBytes : firstPieceBytes);
      const taken = Math.min(chunk.byteLength - from, this.#piece.byteLength - this.#filled);
      this.#piece.set(chunk.subarray(from, from + taken), this.#filled);
      this.#filled += taken;
      from += taken;
      if (this.#filled === this.#piece.byteLength) await this.#send(this.#piece);
    }
  }

  async flush(): Promise<void> {
    if (this.#piece && this.#filled > 0) await this.#send(this.#piece);
    await this.#inFlight;
    await this.#ahead;
  }

  async #send(piece: Buffer): Promise<void> {
    const bytes = piece.subarray(0, this.#filled);
    this.#hash(bytes);
    await this.#inFlight;
    this.#inFlight = this.#write(bytes, this.#written);
    // Awaited at the next piece; until then a failure must not count as unhandled.
    this.#inFlight.catch(() => undefined);
    this.#written += bytes.byteLength;
    this.#piece = this.#previous?.byteLength === pieceBytes ? this.#previous : undefined;
    this.#previous = piece;
    this.#filled = 0;
    this.#flushAhead();
  }

  async #write(bytes: Buffer, position: number): Promise<void> {
    await writeAll(this.#handle, bytes, position);
    this.#onWritten?.(position + bytes.byteLength);
  }

  /** One at a time, awaited at the end: the system tells of a failed sync only once, so it must not get lost. */
  #flushAhead(): void {
    if (this.#flushing || this.#written - this.#flushedAt < flushEveryBytes) return;
    this.#flushedAt = this.#written;
    this.#flushing = true;
    const synced = onDisk('writing content', () => this.#handle.datasync());
    const before = this.#ahead;
    this.#ahead = synced.finally(() => (this.#flushing = false)).then(() => before);
    this.#ahead.catch(() => undefined);
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  await onDisk('writing content', async () => {
    for (let done = 0; done < bytes.byteLength;) {
      const { bytesWritten } = await handle.write(bytes, done, bytes.byteLength - done, position + done);
      done += bytesWritten;
    }
  });
}
