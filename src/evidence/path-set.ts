// Which documents an input has spoken of, in some 40 bytes each, so that a feed of millions fits into memory.
// Keeps 127 bits of SHA-256(c 00 path): nobody finds two paths that it would take for one.

import { sha256 } from '../core/digest.ts';
import { keyBytes } from '../core/order.ts';

const words = 4;

export class PathSet {
  #slots = new Uint32Array(1_024 * words);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** False when it was there already. */
  add(c: string, path: string): boolean {
    if (this.#size * words * 2 >= this.#slots.length) this.#grow();
    const added = insert(this.#slots, wordsOf(c, path));
    if (added) this.#size++;
    return added;
  }

  has(c: string, path: string): boolean {
    const key = wordsOf(c, path);
    return this.#slots[find(this.#slots, key)] !== 0;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at += words) {
      if (old[at] !== 0) insert(this.#slots, old.subarray(at, at + words));
    }
  }
}

function wordsOf(c: string, path: string): Uint32Array {
  const hash = sha256(keyBytes(c, path));
  const key = new Uint32Array(words);
  for (let i = 0; i < words; i++) key[i] = hash.readUInt32LE(i * 4);
  // A first word of zero marks a free slot.
  key[0] = (key[0] ?? 0) | 1;
  return key;
}

function insert(slots: Uint32Array, key: Uint32Array): boolean {
  const at = find(slots, key);
  if (slots[at] !== 0) return false;
  slots.set(key, at);
  return true;
}

/** Where `key` is, or the free slot where it belongs (linear probing; at most half of the slots are taken). */
function find(slots: Uint32Array, key: Uint32Array): number {
  const count = slots.length / words;
  for (let slot = (key[1] ?? 0) % count; ; slot = (slot + 1) % count) {
    const at = slot * words;
    if (slots[at] === 0) return at;
    if (slots[at] === key[0] && slots[at + 1] === key[1] && slots[at + 2] === key[2] && slots[at + 3] === key[3]) {
      return at;
    }
  }
}
