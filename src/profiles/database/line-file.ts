// Files of lines on their way through a temporary folder: written in large pieces, read in pages. Memory is bounded by one
// piece and the longest line.

import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

const pieceBytes = 1 << 20;
const lf = 0x0a;

export class LineFile {
  readonly #file: FileHandle;
  #lines: Buffer[] = [];
  #size = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Creates the file; it must not be there. */
  static async create(path: string): Promise<LineFile> {
    return new LineFile(await open(path, 'wx', 0o600));
  }

  /** Adds a line, LF included, whose bytes must not change before the next `drain`. True when `drain` is due. */
  add(line: Buffer): boolean {
    this.#lines.push(line);
    this.#size += line.length;
    return this.#size >= pieceBytes;
  }

  async drain(): Promise<void> {
    const piece = Buffer.concat(this.#lines, this.#size);
    this.#lines = [];
    this.#size = 0;
    for (let at = 0; at < piece.length;) at += (await this.#file.write(piece, at)).bytesWritten;
  }

  async close(): Promise<void> {
    try {
      await this.drain();
    } finally {
      await this.#file.close();
    }
  }
}

/** The lines of a file, LFs included, as views of one piece: copy what is kept for long. */
export async function* linePages(path: string): AsyncGenerator<Buffer[]> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: pieceBytes }) as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = bytes.indexOf(lf); end >= 0; end = bytes.indexOf(lf, start)) {
      lines.push(bytes.subarray(start, end + 1));
      start = end + 1;
    }
    rest = bytes.subarray(start);
    if (lines.length > 0) yield lines;
  }
}
