// Reads a file by aligned blocks and keeps the newest few, because pages that follow each other in a tree mostly lie
// beside each other. Hands out copies, so that a page that is kept does not keep its block.

import { damaged } from './damage.ts';
import type { ReadAt } from './types.ts';

const blockBytes = 1 << 16;
const keptBlocks = 16;

export class BlockReader {
  readonly size: number;
  readonly #read: ReadAt;
  /** By block number, the one used last at the end. */
  readonly #blocks = new Map<number, Promise<Buffer>>();

  constructor(read: ReadAt, size: number) {
    this.#read = read;
    this.size = size;
  }

  /** Exactly `length` bytes at `position`. Throws VERIFICATION_FAILED when the file does not have them. */
  async read(position: number, length: number): Promise<Buffer> {
    if (position + length > this.size) throw damaged('it ends early');
    const number = Math.floor(position / blockBytes);
    const at = position - number * blockBytes;
    if (at + length > blockBytes) return this.#readExactly(position, length);
    const block = await this.#block(number);
    const bytes = Buffer.allocUnsafeSlow(length);
    block.copy(bytes, 0, at, at + length);
    return bytes;
  }

  async #block(number: number): Promise<Buffer> {
    let block = this.#blocks.get(number);
    this.#blocks.delete(number);
    if (!block) {
      const position = number * blockBytes;
      block = this.#readExactly(position, Math.min(blockBytes, this.size - position));
      // A failed read is not kept: the same one may succeed later.
      block.catch(() => this.#blocks.delete(number));
    }
    this.#blocks.set(number, block);
    const [oldest] = this.#blocks.keys();
    if (this.#blocks.size > keptBlocks && oldest !== undefined) this.#blocks.delete(oldest);
    return block;
  }

  async #readExactly(position: number, length: number): Promise<Buffer> {
    const bytes = await this.#read(position, length);
    if (bytes.length !== length) throw damaged('it ends early');
    return bytes;
  }
}
