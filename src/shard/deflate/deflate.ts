// DEFLATE (RFC 1951) as the pinned encoder makes it (formats.md §15): byte for byte what fflate 0.8.3 gives at level 6, in
// two thirds of its time. The tables are used again from one input to the next.

import { BitWriter } from './bit-writer.ts';
import { Block, lastBytes } from './block.ts';
import { MatchFinder } from './match-finder.ts';
import { writeBlock } from './write-block.ts';

/** What a block of stored bytes adds, and how few bytes one stands for unless it is the last. */
const blockHead = 5;
const fewestBytes = 7_000;

export class Deflater {
  readonly capacity: number;
  readonly #finder: MatchFinder;
  readonly #out: BitWriter;
  readonly #block = new Block();

  /** For inputs of at most `capacity` bytes; holds about six times as much, and 2 MiB. */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.#finder = new MatchFinder(capacity);
    this.#out = new BitWriter(capacity + blockHead * (1 + Math.ceil(capacity / fewestBytes)));
  }

  /** The whole stream of one input. */
  deflate(bytes: Uint8Array): Uint8Array {
    if (bytes.length > this.capacity) throw new RangeError(`${bytes.length} bytes for a capacity of ${this.capacity}`);
    const finder = this.#finder;
    const block = this.#block;
    const size = bytes.length;
    finder.load(bytes);
    let begin = 0;
    let at = 0;
    while (at + 2 < size) {
      if (block.isFull && size - at > lastBytes) {
        writeBlock(this.#out, block, bytes.subarray(begin, at), false);
        block.clear();
        begin = at;
      }
      const reference = finder.find(at);
      if (reference === 0) block.addByte(bytes[at++] as number);
      else {
        block.addReference(reference);
        at += reference >>> 16;
      }
    }
    while (at < size) block.addByte(bytes[at++] as number);
    writeBlock(this.#out, block, bytes.subarray(begin), true);
    block.clear();
    return this.#out.take();
  }
}
