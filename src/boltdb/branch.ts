// A branch page as it was read, checked before it is used: one child or more, keys rising, and each inside the page and
// behind the one before.

import { damaged } from './damage.ts';
import { boltLimits, elementBytes, headerBytes, readU64 } from './format.ts';
import { shownKey } from './shown.ts';

/** Largest branch page; bbolt's are at most a page, or a few keys of 32 KiB. */
export const branchBytes = 1 << 20;

export class Branch {
  readonly count: number;
  readonly heldBytes: number;
  readonly #keys: Buffer[] = [];
  readonly #children: number[] = [];

  /** `image` is the whole page, `name` what messages call it. Throws VERIFICATION_FAILED. */
  constructor(image: Buffer, count: number, name: string) {
    this.count = count;
    this.heldBytes = image.length + 128 * count;
    if (count === 0) throw damaged(`${name} is a branch without children`);
    let end = headerBytes + count * elementBytes;
    for (let i = 0; i < count; i++) {
      const at = headerBytes + i * elementBytes;
      const start = at + image.readUInt32LE(at);
      const size = image.readUInt32LE(at + 4);
      if (size === 0 || size > boltLimits.keyBytes) throw damaged(`${name} has a key of ${size} bytes`);
      if (start < end) throw damaged(`element ${i} of ${name} lies over what is before it`);
      end = start + size;
      if (end > image.length) throw damaged(`element ${i} of ${name} ends outside of it`);
      const key = image.subarray(start, end);
      const last = this.#keys[i - 1];
      if (last && key.compare(last) <= 0) throw damaged(`${name} has the key ${shownKey(key)} after ${shownKey(last)}`);
      this.#keys.push(key);
      this.#children.push(readU64(image, at + 8));
    }
  }

  /** First key of the child, or less; undefined past the last child. */
  key(index: number): Buffer | undefined {
    return this.#keys[index];
  }

  /** Page number of a child, not checked. */
  child(index: number): number {
    return this.#children[index] ?? Infinity;
  }

  /** The child that has `key`, if any has: the last one that begins at or before it, else the first. */
  indexFor(key: Buffer): number {
    let low = 0;
    for (let high = this.count; low < high;) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? key).compare(key) <= 0) low = middle + 1;
      else high = middle;
    }
    return Math.max(low - 1, 0);
  }
}
