// A leaf page as it was read, checked before anything of it is used: every element inside the page, keys rising, and key
// and value of each element behind those of the one before, so that nothing is read twice, whatever the elements say.
// Pages up to 1 MiB are held whole; of larger ones the keys, and values are read when asked for.

import { ExportError } from '../core/errors.ts';
import type { BlockReader } from './block-reader.ts';
import { damaged } from './damage.ts';
import { boltLimits, bucketFlag, bucketHeaderBytes, elementBytes, headerBytes } from './format.ts';
import { shownKey } from './shown.ts';

/** Largest leaf that is held in memory whole. */
export const residentBytes = 1 << 20;
/** Bytes of keys of a leaf that is not: such leaves have a handful. */
const looseKeyBytes = 4 << 20;

/** Where a leaf's bytes are: header and elements in `table`, the rest there as well, or in the file from `position` on. */
export type LeafSource = {
  readonly table: Buffer;
  readonly length: number;
  readonly count: number;
  readonly position: number;
  readonly file: BlockReader;
  readonly largestValue: number;
  /** For messages: "page 7". */
  readonly name: string;
};

export class Leaf {
  readonly count: number;
  readonly #source: LeafSource;
  /** Start of each key, counted from the start of the page. */
  readonly #starts: number[] = [];
  readonly #keys: Buffer[] = [];

  private constructor(source: LeafSource) {
    this.#source = source;
    this.count = source.count;
  }

  static async load(source: LeafSource): Promise<Leaf> {
    const leaf = new Leaf(source);
    leaf.#checkElements();
    if (!leaf.#isResident) await leaf.#loadKeys();
    else for (let i = 0; i < leaf.count; i++) leaf.#keys.push(leaf.#slice(i, 0, leaf.#keySize(i)));
    leaf.#checkOrder();
    return leaf;
  }

  /** A leaf inside a bucket's value, which is all in memory. */
  static inline(source: LeafSource): Leaf {
    const leaf = new Leaf(source);
    leaf.#checkElements();
    for (let i = 0; i < leaf.count; i++) {
      if (leaf.isBucket(i)) throw damaged(`${source.name} has a bucket in an inline bucket`);
      leaf.#keys.push(leaf.#slice(i, 0, leaf.#keySize(i)));
    }
    leaf.#checkOrder();
    return leaf;
  }

  /** Memory that the leaf holds, roughly. */
  get heldBytes(): number {
    const keys = this.#isResident ? 0 : looseKeyBytes;
    return this.#source.table.length + keys + 128 * this.count;
  }

  isBucket(index: number): boolean {
    return this.#field(index, 0) === bucketFlag;
  }

  key(index: number): Buffer {
    const key = this.#keys[index];
    if (!key) throw new RangeError(`no element ${index}`);
    return key;
  }

  /** Throws INPUT_TOO_LARGE for a value above the reader's limit. */
  value(index: number): Buffer | Promise<Buffer> {
    const size = this.#field(index, 12);
    const { largestValue, position, file } = this.#source;
    if (size > largestValue) {
      const message = `the bolt value of ${shownKey(this.key(index))} has ${size} bytes`;
      throw new ExportError('INPUT_TOO_LARGE', message, { hint: `the limit is ${largestValue} bytes` });
    }
    const from = this.#keySize(index);
    if (this.#isResident) return this.#slice(index, from, size);
    return file.read(position + (this.#starts[index] ?? 0) + from, size);
  }

  /** Index of `key`, or -1. */
  indexOf(key: Buffer): number {
    let low = 0;
    for (let high = this.count; low < high;) {
      const middle = (low + high) >>> 1;
      const order = this.key(middle).compare(key);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return -1;
  }

  get #isResident(): boolean {
    return this.#source.table.length === this.#source.length;
  }

  #field(index: number, offset: number): number {
    return this.#source.table.readUInt32LE(headerBytes + index * elementBytes + offset);
  }

  #keySize(index: number): number {
    return this.#field(index, 8);
  }

  #slice(index: number, from: number, length: number): Buffer {
    const start = (this.#starts[index] ?? 0) + from;
    return this.#source.table.subarray(start, start + length);
  }

  #checkElements(): void {
    const { length, name } = this.#source;
    let end = headerBytes + this.count * elementBytes;
    for (let i = 0; i < this.count; i++) {
      const flags = this.#field(i, 0);
      const keySize = this.#keySize(i);
      const valueSize = this.#field(i, 12);
      const start = headerBytes + i * elementBytes + this.#field(i, 4);
      if (flags !== 0 && flags !== bucketFlag) throw damaged(`${name} has unknown flags in element ${i}`);
      if (keySize === 0 || keySize > boltLimits.keyBytes) throw damaged(`${name} has a key of ${keySize} bytes`);
      if (flags === bucketFlag && valueSize < bucketHeaderBytes) throw damaged(`${name} has a bucket without a header`);
      if (start < end) throw damaged(`element ${i} of ${name} lies over what is before it`);
      end = start + keySize + valueSize;
      if (end > length) throw damaged(`element ${i} of ${name} ends outside of it`);
      this.#starts.push(start);
    }
  }

  async #loadKeys(): Promise<void> {
    const { file, position, name } = this.#source;
    let total = 0;
    for (let i = 0; i < this.count; i++) {
      total += this.#keySize(i);
      if (total > looseKeyBytes) throw damaged(`${name} has more than ${looseKeyBytes} bytes of keys`);
      this.#keys.push(await file.read(position + (this.#starts[i] ?? 0), this.#keySize(i)));
    }
  }

  #checkOrder(): void {
    for (let i = 1; i < this.count; i++) {
      if (this.key(i).compare(this.key(i - 1)) <= 0) {
        throw damaged(`${this.#source.name} has the key ${shownKey(this.key(i))} after ${shownKey(this.key(i - 1))}`);
      }
    }
  }
}
