// The own deflate beside fflate, whose bytes are promised, and beside zlib, which must read them.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { deflateSync } from 'fflate';
import { Deflater } from '../../src/shard/deflate/deflate.ts';

const capacity = 1 << 20;
const deflater = new Deflater(capacity);

function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Bytes of an alphabet with copies of what was before; the more copies, the longer and farther the references. */
function sample(seed: number, length: number): Uint8Array {
  const next = numbers(seed);
  const alphabet = 1 + next(256);
  const copies = next(40);
  const farthest = [300, 5_000, 32_768, 70_000][next(4)] ?? 300;
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    if (at > 0 && next(100) < copies) {
      const from = Math.max(0, at - 1 - next(farthest));
      for (let left = 1 + next(400); left > 0 && at < length; left--, at++)
        bytes[at] = bytes[from + (at % (at - from))] ?? 0;
    } else bytes[at++] = next(alphabet) ** 2 % alphabet;
  }
  return bytes;
}

function check(raw: Uint8Array, name: string): void {
  const made = Buffer.from(deflater.deflate(raw));
  assert.ok(made.equals(deflateSync(raw, { level: 6 })), `${name}: other bytes than fflate's`);
  assert.ok(inflateRawSync(made).equals(raw), `${name}: zlib reads other bytes`);
}

it('makes the bytes of fflate from short inputs of every length', () => {
  for (let length = 0; length < 700; length++) check(sample(length, length), `${length} bytes`);
});

it('makes the bytes of fflate from long inputs of all kinds', () => {
  for (let seed = 1; seed <= 60; seed++) check(sample(seed, 1 + numbers(seed)(200_000)), `sample ${seed}`);
});

it('makes the bytes of fflate where blocks, windows and codes end', () => {
  // 24,576 symbols or 7,000 references fill a block, unless 423 bytes or fewer are left; a window has 32,768 bytes.
  for (const length of [24_576, 24_577, 24_999, 25_000, 25_001, 32_767, 32_768, 32_769, 65_535, 65_536, 65_537]) {
    check(sample(length, length), `sample of ${length} bytes`);
    check(new Uint8Array(length).fill(7), `${length} bytes alike`);
    check(
      Uint8Array.from({ length }, (_, at) => (at * at) >> 7),
      `${length} bytes of squares`,
    );
    const next = numbers(length);
    check(
      Uint8Array.from({ length }, () => next(256)),
      `${length} bytes of noise`,
    );
  }
});

/** Noise in which no three bytes come twice, and in it ever rarer bytes, whose codes lie ever deeper. */
function deepNoise(seed: number): Uint8Array {
  const next = numbers(seed);
  const common = 35 + next(45);
  const rarest = 10 + next(5);
  const growth = 1.6 + next(10) / 100;
  const bytes = new Uint8Array(24_000 - next(2_000));
  for (let rare = 0; rare < rarest; rare++) {
    for (let left = Math.floor(growth ** rare); left > 0; left--) bytes[next(bytes.length)] = 255 - rare;
  }
  const seen = new Set<string>();
  for (let at = 0; at < bytes.length; at++) {
    const isFree = bytes[at] === 0;
    for (let tries = 0; tries < 100; tries++) {
      if (isFree) bytes[at] = 1 + next(common);
      const three = bytes.subarray(Math.max(0, at - 2), at + 1).join();
      if (seen.has(three) && isFree) continue;
      seen.add(three);
      break;
    }
  }
  return bytes;
}

/** Seeds with a byte whose code would have 16 or 17 bits. */
const cut = [44, 209, 243, 254, 276, 298, 330, 333, 337, 343, 365, 409, 419, 441, 444];

it('makes the bytes of fflate where codes would be longer than 15 bits', () => {
  for (const seed of cut) check(deepNoise(seed), `noise ${seed}`);
});

it('makes the bytes of fflate from a whole member', () => {
  check(sample(7, capacity), 'member');
  const text = JSON.stringify(
    Array.from({ length: 9_000 }, (_, at) => ({ id: `GO-2026-${at}`, fixed: `1.${at % 13}.0` })),
  );
  check(new Uint8Array(Buffer.from(text)).subarray(0, capacity), 'text');
});

it('refuses more bytes than it has room for', () => {
  assert.throws(() => deflater.deflate(new Uint8Array(capacity + 1)), RangeError);
  check(sample(3, 1_000), 'the next input');
});
