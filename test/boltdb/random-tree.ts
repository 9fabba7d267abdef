// Random trees of facts, the same for the same seed: nested and empty buckets, long keys, keys that share long beginnings,
// keys outside of the Basic Multilingual Plane, raw bytes, empty and large values.

import { compareFacts } from '../../src/boltdb/fact-order.ts';
import type { BoltFact } from '../../src/boltdb/types.ts';

export type Random = (below: number) => number;

export type TreeSize = { readonly keys: number; readonly depth: number; readonly largestValue: number };

/** Mulberry32: whole numbers from 0 to `below` - 1. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Sorted facts of a tree; about `keys` of them, buckets and all. */
export function randomTree(random: Random, { keys, depth, largestValue }: TreeSize): BoltFact[] {
  const facts: BoltFact[] = [];
  let left = keys;
  const fill = (path: readonly Buffer[]): void => {
    const { most, prefix, bucketShare } = bucketShape(random);
    for (const name of distinctKeys(random, prefix, Math.min(left, 1 + random(most)))) {
      left--;
      if (path.length < depth && random(100) < bucketShare) enter(path, name);
      else facts.push({ path, key: name, value: randomValue(random, largestValue) });
    }
  };
  const enter = (path: readonly Buffer[], name: Buffer): void => {
    if (left <= 0 || random(8) === 0) facts.push({ path, key: name, value: null });
    else fill([...path, name]);
  };
  for (const name of distinctKeys(random, Buffer.alloc(0), 200)) {
    if (left > 0) enter([], name);
  }
  return facts.sort(compareFacts);
}

function distinctKeys(random: Random, prefix: Buffer, count: number): Iterable<Buffer> {
  const keys = new Map<string, Buffer>();
  for (let i = 0; i < count; i++) {
    const key = randomKey(random, prefix);
    keys.set(key.toString('latin1'), key);
  }
  return keys.values();
}

function bucketShape(random: Random): { most: number; prefix: Buffer; bucketShare: number } {
  return {
    most: [3, 10, 40, 400][random(4)] ?? 3,
    prefix: random(3) === 0 ? Buffer.alloc(random(400), 'common/') : Buffer.alloc(0),
    bucketShare: [0, 5, 40][random(3)] ?? 0,
  };
}

function randomKey(random: Random, prefix: Buffer): Buffer {
  const kind = random(40);
  if (kind === 0) return bytesOf(random, 1 + random(32_768));
  if (kind < 4) return Buffer.concat([prefix, bytesOf(random, 1 + random(3))]);
  // U+FF41 sorts after U+1F600 in UTF-16, before it in bytes.
  const signs = kind < 10 ? ['\u{1f600}', '\u{ff41}', '\u{10ffff}', 'é', 'z'] : ['a', 'b', 'c', '-', '7', '/'];
  let text = '';
  for (let length = 1 + random(kind === 11 ? 2_000 : 24); length > 0; length--) text += signs[random(signs.length)];
  return Buffer.concat([prefix, Buffer.from(text)]);
}

function randomValue(random: Random, largest: number): Buffer {
  const kind = random(600);
  if (kind === 0) return bytesOf(random, random(largest));
  if (kind < 30) return bytesOf(random, random(Math.min(largest, 9_000)));
  if (kind < 100) return Buffer.alloc(0);
  return bytesOf(random, random(120));
}

function bytesOf(random: Random, length: number): Buffer {
  const bytes = Buffer.alloc(length + 3);
  for (let i = 0; i < length; i += 4) bytes.writeUInt32LE(random(2 ** 32), Math.min(i, length - 1));
  return bytes.subarray(0, length);
}
