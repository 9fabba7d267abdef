// Random access to a file in windows that are kept for a while: an archive is read in very many small pieces, most of
// them beside the one before.

import type { FileHandle } from 'node:fs/promises';
import { RandomAccessReader } from 'yauzl';

const windowBytes = 256 << 10;
/** One for the directory, one for the data, and what lies across their edges. */
const windowsKept = 4;

export class WindowReader extends RandomAccessReader {
  readonly #file: FileHandle;
  /** By number of the window, the latest used last. */
  readonly #windows = new Map<number, Buffer>();

  constructor(file: FileHandle) {
    super();
    this.#file = file;
  }

  /** The `length` bytes from `position` on; throws when the file is shorter. */
  async readAt(length: number, position: number): Promise<Buffer> {
    const first = Math.floor(position / windowBytes);
    const start = position - first * windowBytes;
    if (start + length > windowBytes) return this.#readFile(length, position);
    const window = await this.#window(first);
    if (start + length > window.length) throw new Error('unexpected end of the file');
    return window.subarray(start, start + length);
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    // yauzl wants the count besides, which its types leave out.
    const done: (error: Error | null, bytesRead?: number) => void = callback;
    this.readAt(length, position).then(
      (bytes) => done(null, bytes.copy(buffer, offset)),
      (error: Error) => done(error),
    );
  }

  override close(callback: (error: Error | null) => void): void {
    this.#windows.clear();
    this.#file.close().then(() => callback(null), callback);
  }

  async #window(number: number): Promise<Buffer> {
    const known = this.#windows.get(number);
    if (known !== undefined) return known;
    const { buffer, bytesRead } = await this.#file.read(
      Buffer.alloc(windowBytes),
      0,
      windowBytes,
      number * windowBytes,
    );
    const window = buffer.subarray(0, bytesRead);
    if (this.#windows.size >= windowsKept) this.#windows.delete(this.#windows.keys().next().value as number);
    this.#windows.set(number, window);
    return window;
  }

  async #readFile(length: number, position: number): Promise<Buffer> {
    const buffer = Buffer.alloc(length);
    for (let at = 0; at < length;) {
      const { bytesRead } = await this.#file.read(buffer, at, length - at, position + at);
      if (bytesRead === 0) throw new Error('unexpected end of the file');
      at += bytesRead;
    }
    return buffer;
  }
}
