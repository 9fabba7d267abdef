// Damage at random, the same for the same seed: what a reader must survive. Each mutated file is walked and looked into;
// an ExportError is an answer, and so is a whole walk, since a flipped byte of a value is no damage of structure.

import assert from 'node:assert/strict';
import { ExportError } from '../../src/core/errors.ts';
import { openBolt } from '../../src/boltdb/open-bolt.ts';
import type { StoredFact } from '../../src/boltdb/types.ts';
import { rowOfFact } from '../../src/profiles/trivy-db/bolt-row.ts';
import { flat } from './memory-file.ts';
import type { Random } from './random-tree.ts';
import { seal } from './raw-page.ts';

export type MutationOutcome = {
  readonly refused: number;
  readonly walked: number;
  readonly worstReadRatio: number;
  readonly slowestMs: number;
};

/** Mutates `original` `rounds` times. Throws when the reader throws anything else than an ExportError, or reads too much. */
export async function surviveMutations(original: Buffer, random: Random, rounds: number): Promise<MutationOutcome> {
  const outcome = { refused: 0, walked: 0, worstReadRatio: 0, slowestMs: 0 };
  const known = await flat((await openBolt(reading(original).read, original.length)).facts());
  for (let round = 0; round < rounds; round++) {
    const bytes = mutate(original, random);
    const file = reading(bytes);
    const begunMs = performance.now();
    const isRefused = await tryAll(file.read, bytes.length, known[random(known.length)]);
    outcome[isRefused ? 'refused' : 'walked']++;
    outcome.slowestMs = Math.max(outcome.slowestMs, performance.now() - begunMs);
    // A walk reads each page once, by blocks, and where values are large once more past the first page.
    outcome.worstReadRatio = Math.max(outcome.worstReadRatio, file.bytesRead() / original.length);
    assert.ok(file.bytesRead() < 8 * original.length + (1 << 20), `round ${round} read ${file.bytesRead()} bytes`);
  }
  return outcome;
}

async function tryAll(
  read: (position: number, length: number) => Promise<Buffer>,
  size: number,
  fact: StoredFact | undefined,
): Promise<boolean> {
  try {
    const reader = await openBolt(read, size, { largestValue: 1 << 24 });
    if (fact) await reader.get(fact.path, fact.key);
    // What an ingest makes of it as well: values that are hostile JSON come out as bytes.
    for await (const facts of reader.facts()) for (const read of facts) rowOfFact(read);
    return false;
  } catch (error) {
    if (!(error instanceof ExportError)) throw error;
    assert.match(error.code, /^(?:VERIFICATION_FAILED|INPUT_TOO_LARGE)$/);
    return true;
  }
}

function mutate(original: Buffer, random: Random): Buffer {
  if (random(40) === 0) return original.subarray(0, random(original.length));
  const bytes = Buffer.from(original);
  const pages = bytes.length / 4096;
  for (let times = 1 + random(4); times > 0; times--) {
    const page = random(4) === 0 ? random(3) * 4096 : random(pages) * 4096;
    // Headers and element tables are at the beginning of pages, where damage says most.
    const at = page + (random(3) > 0 ? random(96) : random(4096));
    mutateAt(bytes, at, random);
  }
  if (random(2) === 0) seal(bytes);
  return bytes;
}

const interesting = [0, 1, 2, 3, 0x10, 0x7f, 0x80, 0xff];

function mutateAt(bytes: Buffer, at: number, random: Random): void {
  switch (random(5)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
      return;
    case 1:
      bytes[at] = interesting[random(interesting.length)] ?? 0;
      return;
    case 2:
      bytes.writeUInt32LE(random(2 ** 32), Math.min(at, bytes.length - 4));
      return;
    case 3:
      // Another page's bytes: right in themselves, wrong here.
      bytes.copy(bytes, at, random(bytes.length), random(bytes.length));
      return;
    default:
      bytes.writeUInt16LE(random(bytes.length / 4096 + 2), Math.min(at & ~7, bytes.length - 2));
  }
}

function reading(bytes: Buffer) {
  let total = 0;
  return {
    bytesRead: () => total,
    read: (position: number, length: number): Promise<Buffer> => {
      total += length;
      return Promise.resolve(bytes.subarray(position, position + length));
    },
  };
}
