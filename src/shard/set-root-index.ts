// The top of a state's Merkle trie, kept so that the next root costs what changed: 2^bits subtrees, each with its
// count and hash. A change touches one subtree; its leaves are read again, all others stay.

import { digestFromSha256, type Digest } from '../core/digest.ts';
import { ExportError } from '../core/errors.ts';
import { joinSubtrees, type LeafSet, type Subtree } from './set-root.ts';

const rowSize = 36;
const headSize = 4;

export class SetRootIndex {
  readonly bits: number;
  readonly #rows: Subtree[];

  private constructor(bits: number, rows: Subtree[]) {
    this.bits = bits;
    this.#rows = rows;
  }

  /** About eight to sixteen leaves a subtree, at least 2^8 and at most 2^16 subtrees. */
  static fromLeaves(leaves: LeafSet): SetRootIndex {
    const bits = Math.min(16, Math.max(8, Math.ceil(Math.log2(Math.max(1, leaves.count / 8)))));
    return new SetRootIndex(bits, [...leaves.subtrees(bits)]);
  }

  static parse(bytes: Buffer): SetRootIndex {
    const bits = bytes.length >= headSize ? bytes.readUInt32BE(0) : 0;
    if (bits < 1 || bits > 16 || bytes.length !== headSize + rowSize * 2 ** bits) {
      throw new ExportError('INTERNAL', 'a stored set-root index is damaged');
    }
    const rows: Subtree[] = [];
    for (let at = headSize; at < bytes.length; at += rowSize) {
      rows.push({ count: bytes.readUInt32BE(at), hash: bytes.subarray(at + 4, at + rowSize) });
    }
    return new SetRootIndex(bits, rows);
  }

  serialize(): Buffer {
    const bytes = Buffer.alloc(headSize + rowSize * this.#rows.length);
    bytes.writeUInt32BE(this.bits, 0);
    this.#rows.forEach(({ count, hash }, bucket) => {
      const at = headSize + bucket * rowSize;
      bytes.writeUInt32BE(count, at);
      hash.copy(bytes, at + 4);
    });
    return bytes;
  }

  /** The range [low, high) of uint32 places that a subtree covers. */
  rangeOf(bucket: number): { low: number; high: number } {
    const width = 2 ** (32 - this.bits);
    return { low: bucket * width, high: (bucket + 1) * width };
  }

  /** The subtree that a place (first four bytes of SHA-256(c 00 k)) falls into. */
  bucketOf(place: number): number {
    return place >>> (32 - this.bits);
  }

  replace(bucket: number, leaves: LeafSet): void {
    this.#rows[bucket] = leaves.subtree(this.bits);
  }

  get count(): number {
    return this.#rows.reduce((sum, { count }) => sum + count, 0);
  }

  root(): Digest {
    let level: readonly Subtree[] = this.#rows;
    while (level.length > 1) {
      const above: Subtree[] = [];
      for (let i = 0; i < level.length; i += 2) above.push(joinSubtrees(level[i] as Subtree, level[i + 1] as Subtree));
      level = above;
    }
    return digestFromSha256((level[0] as Subtree).hash);
  }
}
