// One open bucket of a file under construction: the leaf that is being filled, and the branch levels over the leaves
// already written. One builder serves one bucket after the other at its depth.
// Rule: a leaf is written when the next item would not fit its page; an item that is larger than a page has pages of its
// own. A bucket of one leaf without buckets in it, whose page image is at most 1,024 bytes, stays inline in its parent.
// `bbolt check` does not look at the order inside inline buckets, therefore it is asserted here, for every key.

import { ExportError } from '../core/errors.ts';
import { BranchLevels } from './branch-levels.ts';
import {
  boltLimits,
  bucketFlag,
  bucketHeaderBytes,
  elementBytes,
  headerBytes,
  inlineImageBytes,
  leafFlag,
  pageBytes,
  pagesFor,
  writeHeader,
  writeU64,
} from './format.ts';
import type { PageOutput } from './page-output.ts';
import { shownBucket, shownKey } from './shown.ts';

/** More items than a page can hold: the smallest takes 17 bytes. */
const mostItems = pageBytes / elementBytes;

export class BucketBuilder {
  /** The bucket's own name in its parent; the root has none. */
  name: Buffer = Buffer.alloc(0);
  readonly #output: PageOutput;
  readonly #levels: BranchLevels;
  /** Keys and values of the open leaf, as they will stand on the page; the last key stays until the next one is added. */
  #data = Buffer.allocUnsafeSlow(pageBytes);
  #dataEnd = 0;
  /** Flags, key size and value size of each item of the open leaf. */
  readonly #items = new Uint32Array(3 * mostItems);
  #count = 0;
  #hasLast = false;
  #lastStart = 0;
  #lastLength = 0;
  #holdsBuckets = false;

  constructor(output: PageOutput) {
    this.#output = output;
    this.#levels = new BranchLevels(output);
  }

  /** Starts a new bucket. */
  begin(name: Buffer): void {
    this.name = name;
    this.#dataEnd = 0;
    this.#count = 0;
    this.#hasLast = false;
    this.#holdsBuckets = false;
  }

  /**
   * Throws INPUT_INVALID unless `key` may come next: 1 to 32,768 bytes, and above the last one. `path` leads to this
   * bucket, for the message.
   */
  checkNext(key: Buffer, path: () => readonly Buffer[]): void {
    if (key.length === 0 || key.length > boltLimits.keyBytes) {
      const what = key.length === 0 ? 'is empty' : `${shownKey(key)} is longer than ${boltLimits.keyBytes} bytes`;
      throw new ExportError('INPUT_INVALID', `a bolt key in ${shownBucket(path())} ${what}`);
    }
    if (!this.#hasLast) return;
    const lastEnd = this.#lastStart + this.#lastLength;
    if (key.compare(this.#data, this.#lastStart, lastEnd) > 0) return;
    const last = shownKey(this.#data.subarray(this.#lastStart, lastEnd));
    throw new ExportError(
      'INPUT_INVALID',
      `bolt keys do not rise: ${shownKey(key)} after ${last} in ${shownBucket(path())}`,
    );
  }

  /** Adds a key, which was checked, with its value. */
  put(key: Buffer, value: Buffer): void {
    this.#add(0, key, value);
  }

  /** Adds a bucket by its name, which was checked, and what its own `end` returned. */
  putBucket(name: Buffer, value: Buffer): void {
    this.#holdsBuckets = true;
    this.#add(bucketFlag, name, value);
  }

  /** Ends the bucket and returns its value in the parent: the number of its top page, or an inline image. */
  end(): Buffer {
    const size = headerBytes + this.#count * elementBytes + this.#dataEnd;
    if (this.#levels.isEmpty && !this.#holdsBuckets && size <= inlineImageBytes) {
      const value = Buffer.alloc(bucketHeaderBytes + size);
      this.#writeLeaf(value, bucketHeaderBytes, 0);
      return value;
    }
    const value = Buffer.alloc(bucketHeaderBytes);
    writeU64(value, this.endPages(), 0);
    return value;
  }

  /** Ends the bucket on pages of its own, as the root must, and returns the number of the top one. */
  endPages(): number {
    if (this.#count > 0 || this.#levels.isEmpty) this.#flush();
    return this.#levels.finish();
  }

  #add(flags: number, key: Buffer, value: Buffer): void {
    const size = elementBytes + key.length + value.length;
    if (this.#count > 0 && headerBytes + this.#count * elementBytes + this.#dataEnd + size > pageBytes) this.#flush();
    const start = this.#dataEnd;
    this.#hasLast = true;
    this.#lastStart = start;
    this.#lastLength = key.length;
    const isLarge = headerBytes + size > pageBytes;
    this.#makeRoom(start + key.length + (isLarge ? 0 : value.length));
    key.copy(this.#data, start);
    if (isLarge) {
      this.#writeLarge(flags, key, value);
      return;
    }
    value.copy(this.#data, start + key.length);
    this.#dataEnd = start + key.length + value.length;
    this.#items[3 * this.#count] = flags;
    this.#items[3 * this.#count + 1] = key.length;
    this.#items[3 * this.#count + 2] = value.length;
    this.#count++;
  }

  #makeRoom(bytes: number): void {
    if (bytes <= this.#data.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.#data.length));
    this.#data.copy(larger, 0, 0, this.#dataEnd);
    this.#data = larger;
  }

  #flush(): void {
    const id = this.#output.nextPage;
    const at = this.#output.reserve(pageBytes);
    this.#writeLeaf(this.#output.span, at, id);
    this.#levels.addLeaf(copyOf(this.#data.subarray(0, this.#items[1])), id);
    this.#count = 0;
    this.#dataEnd = 0;
  }

  #writeLeaf(target: Buffer, at: number, id: number): void {
    writeHeader(target, at, { id, flags: leafFlag, count: this.#count, overflow: 0 });
    let element = at + headerBytes;
    let data = element + elementBytes * this.#count;
    for (let item = 0; item < 3 * this.#count; item += 3) {
      const keySize = this.#items[item + 1] ?? 0;
      const valueSize = this.#items[item + 2] ?? 0;
      target.writeUInt32LE(this.#items[item] ?? 0, element);
      target.writeUInt32LE(data - element, element + 4);
      target.writeUInt32LE(keySize, element + 8);
      target.writeUInt32LE(valueSize, element + 12);
      data += keySize + valueSize;
      element += elementBytes;
    }
    this.#data.copy(target, element, 0, this.#dataEnd);
  }

  /** Writes a leaf of this one item, its value not copied. */
  #writeLarge(flags: number, key: Buffer, value: Buffer): void {
    const size = headerBytes + elementBytes + key.length + value.length;
    const pages = pagesFor(size);
    const id = this.#output.nextPage;
    const head = Buffer.alloc(headerBytes + elementBytes);
    writeHeader(head, 0, { id, flags: leafFlag, count: 1, overflow: pages - 1 });
    head.writeUInt32LE(flags, headerBytes);
    head.writeUInt32LE(elementBytes, headerBytes + 4);
    head.writeUInt32LE(key.length, headerBytes + 8);
    head.writeUInt32LE(value.length, headerBytes + 12);
    for (const part of [head, key, value]) this.#output.append(part);
    this.#output.reserve(pages * pageBytes - size);
    this.#levels.addLeaf(copyOf(key), id);
  }
}

/** A copy with memory of its own: a view would keep its whole page, or pool, alive. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
