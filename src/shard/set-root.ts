// The set root (formats.md §4): a binary Merkle trie over kh = SHA-256(c 00 k), most significant bit first.
// It names the evidence itself, whatever its layout.

import { createHash } from 'node:crypto';
import { digestFromSha256, sha256, type Digest } from '../core/digest.ts';
import { keyBytes } from '../core/order.ts';

/** kh (32 bytes) and SHA-256 of the canonical value (32 bytes). */
const leafSize = 64;
const empty = sha256('');
const leafMark = Buffer.of(0);
const innerMark = Buffer.of(1);

export function leafHash(keyHash: Uint8Array, valueHash: Uint8Array): Buffer {
  return createHash('sha256').update(leafMark).update(keyHash).update(valueHash).digest();
}

function innerHash(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(innerMark).update(left).update(right).digest();
}

/** A subtree: how many leaves, and its hash. */
export type Subtree = { readonly count: number; readonly hash: Buffer };

/** Two neighbours made one: an empty pair stays empty, a single leaf stays that leaf. */
export function joinSubtrees(left: Subtree, right: Subtree): Subtree {
  const count = left.count + right.count;
  if (count === 0) return { count, hash: empty };
  if (count === 1) return { count, hash: left.count === 1 ? left.hash : right.hash };
  return { count, hash: innerHash(left.hash, right.hash) };
}

/** Collects the leaves of a state in any order, in 64 bytes each, and computes its root. */
export class LeafSet {
  #leaves = Buffer.allocUnsafe(1024 * leafSize);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** `valueHash` = SHA-256 of the canonical value's bytes. */
  add(c: string, k: string, valueHash: Uint8Array): void {
    this.addHashed(sha256(keyBytes(c, k)), valueHash);
  }

  /** `keyHash` = SHA-256(c 00 k). */
  addHashed(keyHash: Uint8Array, valueHash: Uint8Array): void {
    if ((this.#count + 1) * leafSize > this.#leaves.length) {
      const grown = Buffer.allocUnsafe(this.#leaves.length * 2);
      this.#leaves.copy(grown);
      this.#leaves = grown;
    }
    const at = this.#count * leafSize;
    this.#leaves.set(keyHash, at);
    this.#leaves.set(valueHash, at + 32);
    this.#count++;
  }

  root(): Digest {
    return digestFromSha256(this.subtree(0).hash);
  }

  /** The subtree of these leaves, which all share their first `depth` bits. */
  subtree(depth: number): Subtree {
    const sorted = this.#sorted();
    return { count: this.#count, hash: trie(sorted, 0, this.#count, depth) };
  }

  /** The leaves of each of the 2^bits subtrees below the top `bits` levels, visited in order; empty ones too. */
  *subtrees(bits: number): Generator<Subtree> {
    const sorted = this.#sorted();
    let low = 0;
    for (let bucket = 0; bucket < 2 ** bits; bucket++) {
      let high = low;
      while (high < this.#count && sorted(high).readUInt32BE(0) >>> (32 - bits) === bucket) high++;
      yield { count: high - low, hash: trie(sorted, low, high, bits) };
      low = high;
    }
  }

  /** Leaves by their place in the order of key hashes; 12 bytes for each, where an object would take a hundred. */
  #sorted(): SortedLeaves {
    const leaves = this.#leaves;
    const places = new Float64Array(this.#count);
    const order = new Uint32Array(this.#count);
    for (let i = 0; i < this.#count; i++) {
      places[i] = leaves.readUIntBE(i * leafSize, 6);
      order[i] = i;
    }
    const leaf = (i: number): Buffer => leaves.subarray(i * leafSize, (i + 1) * leafSize);
    order.sort((a, b) => (places[a] as number) - (places[b] as number) || leaf(a).compare(leaf(b)));
    return (at) => leaf(order[at] as number);
  }
}

type SortedLeaves = (at: number) => Buffer;

function trie(sorted: SortedLeaves, low: number, high: number, bit: number): Buffer {
  if (high === low) return empty;
  if (high - low === 1) {
    const only = sorted(low);
    return leafHash(only.subarray(0, 32), only.subarray(32));
  }
  let left = low;
  let right = high;
  while (left < right) {
    const middle = (left + right) >>> 1;
    const isOne = (sorted(middle)[bit >> 3] as number) & (0x80 >> (bit & 7));
    if (isOne) right = middle;
    else left = middle + 1;
  }
  return innerHash(trie(sorted, low, left, bit + 1), trie(sorted, left, high, bit + 1));
}
