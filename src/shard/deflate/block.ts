// The symbols of one block while it is gathered: bytes and back references with what Huffman's codes need to know.

import {
  distanceCode,
  distanceExtra,
  distanceSymbols,
  endOfBlock,
  firstLength,
  lengthCode,
  lengthExtra,
  literalSymbols,
} from './symbols.ts';

/** More than one of these, and a block is full (formats.md §15). */
const fullReferences = 7_000;
const fullSymbols = 24_576;
/** So many bytes at the end of the input make no block of their own. */
export const lastBytes = 423;

export class Block {
  /** Bytes, and references as length · 65,536 + distance. */
  readonly symbols = new Uint32Array(fullSymbols + 1 + lastBytes);
  count = 0;
  /** Of bytes, the end and length codes; the end counts once. */
  readonly literals = new Uint16Array(literalSymbols);
  readonly distances = new Uint16Array(distanceSymbols);
  /** Bits that follow codes. */
  extraBits = 0;
  #references = 0;

  constructor() {
    this.clear();
  }

  get isFull(): boolean {
    return this.#references > fullReferences || this.count > fullSymbols;
  }

  addByte(byte: number): void {
    this.symbols[this.count++] = byte;
    this.literals[byte] = (this.literals[byte] as number) + 1;
  }

  /** `reference` is length · 65,536 + distance. */
  addReference(reference: number): void {
    this.symbols[this.count++] = reference;
    const length = lengthCode(reference >>> 16);
    const distance = distanceCode(reference & 0xffff);
    this.literals[firstLength + length] = (this.literals[firstLength + length] as number) + 1;
    this.distances[distance] = (this.distances[distance] as number) + 1;
    this.extraBits += (lengthExtra[length] as number) + (distanceExtra[distance] as number);
    this.#references++;
  }

  clear(): void {
    this.count = 0;
    this.extraBits = 0;
    this.#references = 0;
    this.literals.fill(0);
    this.literals[endOfBlock] = 1;
    this.distances.fill(0);
  }
}
