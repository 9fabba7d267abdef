// Where bytes occurred before: chains of positions with the same hash of three bytes, walked as the pinned encoder walks
// them (formats.md §15), so that the same references come out.

import { longestLength } from './symbols.ts';

const window = 32_768;
/** Candidates that are looked at for one position, and the length with which the search is content. */
const candidates = 127;
const contentLength = 128;

/** Three bytes of a word in the order of memory. */
const threeBytes = 0xff_ffff;

export class MatchFinder {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Newest position of each hash, modulo the window; 0 where there is none. */
  readonly #newest = new Uint16Array(1 << 20);
  /** From each position back to the one before it in its chain, modulo the window. */
  readonly #gaps: Uint16Array;
  #size = 0;
  #shift = 0;
  #mask = 0;

  /** For inputs of at most `capacity` bytes. */
  constructor(capacity: number) {
    // A word is read at every position.
    this.#bytes = new Uint8Array(capacity + 4);
    this.#view = new DataView(this.#bytes.buffer);
    this.#gaps = new Uint16Array(capacity);
  }

  /** Takes a new input and forgets the one before. */
  load(bytes: Uint8Array): void {
    this.#bytes.set(bytes);
    this.#size = bytes.length;
    const bits = hashBits(bytes.length);
    this.#shift = Math.ceil(bits / 3);
    this.#mask = (1 << bits) - 1;
    this.#link();
  }

  /** The reference that the encoder takes at `at` (less than two before the end): length · 65,536 + distance, or 0. */
  find(at: number): number {
    const view = this.#view;
    const gaps = this.#gaps;
    let distance = gaps[at] as number;
    if (distance === 0 || !this.#sameHash(at, at - distance)) return 0;
    const left = this.#size - at;
    const longest = Math.min(left, longestLength);
    const content = Math.min(left, contentLength);
    const farthest = Math.min(at, window - 1);
    let length = 2;
    let found = 0;
    // The chain goes on from the byte of the match whose own chain reaches farthest back.
    let offset = 0;
    // What a longer match must have: its last four bytes, for the first one all three.
    let probe = at;
    let mask = threeBytes;
    let wanted = view.getInt32(at, true);
    for (let tries = candidates; tries > 0 && distance <= farthest; tries--) {
      if (((view.getInt32(probe - distance, true) ^ wanted) & mask) === 0) {
        const same = sameBytes(view, at - distance, at, longest);
        if (same > length) {
          length = same;
          found = distance;
          if (length >= content) break;
          probe = at + length - 3;
          wanted = view.getInt32(probe, true);
          mask = -1;
          offset = widestGap(gaps, at - distance, Math.min(distance, length - 2), offset);
        }
      }
      const gap = gaps[at - distance + offset] as number;
      if (gap === 0) break;
      distance += gap;
    }
    return found === 0 ? 0 : (length << 16) | found;
  }

  #link(): void {
    const newest = this.#newest;
    const gaps = this.#gaps;
    const bytes = this.#bytes;
    const shift = this.#shift;
    const mask = this.#mask;
    newest.fill(0, 0, mask + 1);
    const end = this.#size - 2;
    let first = bytes[0] as number;
    let second = bytes[1] as number;
    for (let at = 0; at < end; at++) {
      const third = bytes[at + 2] as number;
      const hash = (first ^ (second << shift) ^ (third << (2 * shift))) & mask;
      gaps[at] = (at - (newest[hash] as number)) & (window - 1);
      newest[hash] = at & (window - 1);
      first = second;
      second = third;
    }
  }

  /** The hash is linear: of equal hashes, the difference has the hash 0. */
  #sameHash(one: number, other: number): boolean {
    const shift = this.#shift;
    const x = this.#view.getInt32(one, true) ^ this.#view.getInt32(other, true);
    return (((x & 255) ^ (((x >> 8) & 255) << shift) ^ (((x >> 16) & 255) << (2 * shift))) & this.#mask) === 0;
  }
}

/** How many bytes are the same from `one` and from `other` on, `most` at most. */
function sameBytes(view: DataView, one: number, other: number, most: number): number {
  let same = 0;
  while (same < most) {
    const differing = view.getInt32(other + same, true) ^ view.getInt32(one + same, true);
    if (differing !== 0) {
      same += (31 - Math.clz32(differing & -differing)) >> 3;
      break;
    }
    same += 4;
  }
  return Math.min(same, most);
}

/** Offset of the first of the widest of `count` gaps from `begin` on; `otherwise` if all of them are 0. */
function widestGap(gaps: Uint16Array, begin: number, count: number, otherwise: number): number {
  let widest = 0;
  let offset = otherwise;
  for (let step = 0; step < count; step++) {
    const gap = gaps[begin + step] as number;
    if (gap > widest) {
      widest = gap;
      offset = step;
    }
  }
  return offset;
}

/** More for longer input: 12 up to 20. */
function hashBits(length: number): number {
  return Math.ceil(Math.max(8, Math.min(13, Math.log(length))) * 1.5);
}
