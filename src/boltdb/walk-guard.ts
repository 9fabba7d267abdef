// Keeps a walk through a hostile file finite: no page is entered twice, memory for what is open is bounded, and so is the
// depth. The work of a walk is therefore at most that of reading the file once.

import { damaged } from './damage.ts';
import { boltLimits } from './format.ts';

/** Branch levels of one bucket; 2^48 pages need 48 of two entries. */
export const treeHeight = 64;
const openBytes = 128 << 20;
const chunkBits = 1 << 16;

export class WalkGuard {
  #held = 0;
  /** Bits by page number, in chunks, so that only what is visited costs memory. */
  readonly #visited = new Map<number, Uint8Array>();

  /** Throws VERIFICATION_FAILED when one of `count` pages from `id` on was entered before. */
  enter(id: number, count: number): void {
    for (let page = id; page < id + count; page++) {
      const number = Math.floor(page / chunkBits);
      let chunk = this.#visited.get(number);
      if (!chunk) this.#visited.set(number, (chunk = new Uint8Array(chunkBits / 8)));
      const bit = page % chunkBits;
      const byte = chunk[bit >>> 3] ?? 0;
      if (byte & (1 << (bit & 7))) throw damaged(`page ${page} is in two places`);
      chunk[bit >>> 3] = byte | (1 << (bit & 7));
    }
  }

  hold(bytes: number): void {
    this.#held += bytes;
    if (this.#held > openBytes) throw damaged('its tree needs too much memory');
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }
}

/** Throws VERIFICATION_FAILED for a bucket `depth` levels below the root that is too deep. */
export function checkDepth(depth: number): void {
  if (depth > boltLimits.depth) throw damaged(`more than ${boltLimits.depth} buckets inside each other`);
}
