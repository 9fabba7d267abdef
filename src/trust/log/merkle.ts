// The Merkle tree of RFC 6962 §2.1 over perfect subtrees that are stored once and never change. A node is named by its
// number in in-order: leaf `i` is 2i, and an append writes the leaf and the subtrees that it completes, two nodes in
// the mean. Roots and proofs of any earlier size need O(log n) of them.

import { createHash } from 'node:crypto';

/** Reads the hash of a node, which is 32 bytes. */
export type NodeReader = (node: number) => Buffer;

/** RFC 6962 §2.1: MTH({d}) = SHA-256(00 ‖ d). */
export function leafHash(body: Uint8Array): Buffer {
  return createHash('sha256').update(Buffer.of(0)).update(body).digest();
}

/** RFC 6962 §2.1: SHA-256(01 ‖ left ‖ right). */
export function innerHash(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(Buffer.of(1)).update(left).update(right).digest();
}

/** The number of the perfect subtree of 2^level leaves that starts at leaf `position` · 2^level. */
export function nodeNumber(level: number, position: number): number {
  return position * 2 ** (level + 1) + 2 ** level - 1;
}

/** The nodes that appending leaf number `index` completes, the leaf first; `read` gives its left neighbours. */
export function grownNodes(index: number, leaf: Buffer, read: NodeReader): [number: number, hash: Buffer][] {
  const grown: [number, Buffer][] = [[nodeNumber(0, index), leaf]];
  let hash = leaf;
  for (let level = 0, position = index; position % 2 === 1; level++, position = (position - 1) / 2) {
    hash = innerHash(read(nodeNumber(level, position - 1)), hash);
    grown.push([nodeNumber(level + 1, (position - 1) / 2), hash]);
  }
  return grown;
}

/** The root over the first `size` leaves. */
export function treeRoot(size: number, read: NodeReader): Buffer {
  return size === 0 ? createHash('sha256').digest() : subtree(0, size, read);
}

/** RFC 6962 §2.1.1: the audit path of leaf `index` in the tree of `size` leaves, from the leaf upwards. */
export function inclusionPath(index: number, size: number, read: NodeReader): Buffer[] {
  const path: Buffer[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + split(end - start);
    if (index < middle) {
      path.push(subtree(middle, end, read));
      end = middle;
    } else {
      path.push(subtree(start, middle, read));
      start = middle;
    }
  }
  return path.toReversed();
}

/** RFC 6962 §2.1.2: proof that the tree of `size` leaves begins with the tree of `from` leaves; 0 < from ≤ size. */
export function consistencyPath(from: number, size: number, read: NodeReader): Buffer[] {
  const path: Buffer[] = [];
  let [start, end] = [0, size];
  // As long as the old tree ends where this subtree ends on its left border, the verifier knows its root.
  while (from !== end) {
    const middle = start + split(end - start);
    if (from <= middle) {
      path.push(subtree(middle, end, read));
      end = middle;
    } else {
      path.push(subtree(start, middle, read));
      start = middle;
    }
  }
  if (start > 0) path.push(subtree(start, end, read));
  return path.toReversed();
}

/**
 * The root that an audit path leads to (RFC 9162 §2.1.3.2), or undefined when its length cannot be that of leaf
 * `index` in a tree of `size` leaves.
 */
export function rootOfPath(leaf: Buffer, index: number, size: number, path: readonly Buffer[]): Buffer | undefined {
  if (index >= size) return undefined;
  let hash = leaf;
  let [node, last] = [index, size - 1];
  for (const sibling of path) {
    if (last === 0) return undefined;
    if (node % 2 === 1 || node === last) {
      hash = innerHash(sibling, hash);
      // A right border without a sibling at this level goes up unchanged.
      while (node % 2 === 0 && node > 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else {
      hash = innerHash(hash, sibling);
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 ? hash : undefined;
}

/** What `compute` gives, with all the nodes that it needs fetched in one go. */
export async function withNodes<Result>(
  fetch: (numbers: readonly number[]) => Promise<ReadonlyMap<number, Buffer>>,
  compute: (read: NodeReader) => Result,
): Promise<Result> {
  const needed = new Set<number>();
  // Which nodes are read depends on sizes alone, never on hashes, so a first pass over nothing finds them.
  const nothing = Buffer.alloc(32);
  compute((number) => {
    needed.add(number);
    return nothing;
  });
  const nodes = needed.size === 0 ? new Map<number, Buffer>() : await fetch([...needed]);
  return compute((number) => {
    const hash = nodes.get(number);
    if (hash === undefined) throw new Error(`the log has no node ${number}`);
    return hash;
  });
}

/** The root over the leaves from `start` to before `end`; `start` is where such a subtree of the whole tree starts. */
function subtree(start: number, end: number, read: NodeReader): Buffer {
  const size = end - start;
  let level = 0;
  while (2 ** level < size) level++;
  if (2 ** level === size) return read(nodeNumber(level, start / size));
  const middle = start + split(size);
  return innerHash(subtree(start, middle, read), subtree(middle, end, read));
}

/** The greatest power of two below `size`, for sizes from 2 on. */
function split(size: number): number {
  let half = 1;
  while (half * 2 < size) half *= 2;
  return half;
}
