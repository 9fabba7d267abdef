// A bolt file in memory, for tests: what a sink was given, and a reader of it.

import { openBolt, type BoltReader, type OpenBoltOptions } from '../../src/boltdb/open-bolt.ts';
import type { BoltFact, BoltSink, BoltSummary, ReadAt, StoredFact } from '../../src/boltdb/types.ts';
import { writeBolt } from '../../src/boltdb/write-bolt.ts';

export class MemoryFile {
  #bytes = Buffer.alloc(1 << 16);
  #size = 0;

  readonly sink: BoltSink = (position, bytes) => {
    const end = position + bytes.length;
    if (end > this.#bytes.length) {
      const larger = Buffer.alloc(2 * end);
      this.#bytes.copy(larger, 0, 0, this.#size);
      this.#bytes = larger;
    }
    bytes.copy(this.#bytes, position);
    this.#size = Math.max(this.#size, end);
  };

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#size);
  }
}

/** The file of `facts`, with what the writer says about it. */
export async function fileOf(facts: Iterable<BoltFact>): Promise<{ bytes: Buffer; summary: BoltSummary }> {
  const file = new MemoryFile();
  const summary = await writeBolt(portions(facts), file.sink);
  return { bytes: file.bytes, summary };
}

/** Facts in portions of uneven size. */
export function* portions(facts: Iterable<BoltFact>): Generator<BoltFact[]> {
  let portion: BoltFact[] = [];
  let size = 1;
  for (const fact of facts) {
    portion.push(fact);
    if (portion.length < size) continue;
    yield portion;
    portion = [];
    size = (size * 7) % 101;
  }
  yield portion;
}

/** Reads from bytes as from a file. */
export function readFrom(bytes: Buffer): ReadAt {
  return (position, length) => Promise.resolve(bytes.subarray(position, position + length));
}

export function openBytes(bytes: Buffer, options?: OpenBoltOptions): Promise<BoltReader> {
  return openBolt(readFrom(bytes), bytes.length, options);
}

/** All facts of a file, in the order in which the reader gives them. */
export async function factsOf(bytes: Buffer): Promise<StoredFact[]> {
  return flat((await openBytes(bytes)).facts());
}

export async function flat(pages: AsyncIterable<readonly StoredFact[]>): Promise<StoredFact[]> {
  const all: StoredFact[] = [];
  for await (const page of pages) all.push(...page);
  return all;
}
