// Chunker `keyn/2` (formats.md §2): where the sorted record lines of a state are cut into shards. The decision rests on
// the record's key, its line's length and the bytes in the open shard alone, so an insertion moves no distant boundary.

import { sha256 } from '../core/digest.ts';
import { keyBytes, type RecordKey } from '../core/order.ts';

export const chunker = { id: 'keyn/2', average: 1_572_864 } as const;

const { average } = chunker;
const maxBytes = 4 * average;
const minBytes = average / 4;

/** Raw bytes of one shard with what its row in the base config needs. */
export type RawShard = RecordKey & { readonly records: number; readonly raw: Buffer };

/** First three bytes (big endian) of SHA-256(c 00 k). */
export function keyHash(c: string, k: string): number {
  return sha256(keyBytes(c, k)).readUIntBE(0, 3);
}

/** Whether a cut comes before a record with line length `length`, `open` bytes being in the open shard. */
export function isCut(open: number, sameCollection: boolean, hash: () => number, length: number): boolean {
  if (open === 0) return false;
  if (!sameCollection || open >= maxBytes) return true;
  return open >= minBytes && hash() * average * 2 < 16_777_216 * length * (open < average ? 1 : 6);
}

/** Takes sorted lines one by one and hands out each shard as its last line is known. */
export class Chunker {
  /** Lines are copied in as they come, so that nothing of their pages is held. */
  #bytes = Buffer.allocUnsafeSlow(minBytes);
  #open = 0;
  #records = 0;
  #first: RecordKey = { c: '', k: '' };

  get isEmpty(): boolean {
    return this.#open === 0;
  }

  cutsBefore({ c, k }: RecordKey, line: Buffer): boolean {
    return this.#open > 0 && isCut(this.#open, c === this.#first.c, () => keyHash(c, k), line.length);
  }

  /** Adds a line; returns the shard that it closes, if any. */
  push(key: RecordKey, line: Buffer): RawShard | undefined {
    const closed = this.cutsBefore(key, line) ? this.finish() : undefined;
    if (this.#open === 0) this.#first = { c: key.c, k: key.k };
    if (this.#open + line.length > this.#bytes.length) this.#grow(this.#open + line.length);
    this.#bytes.set(line, this.#open);
    this.#open += line.length;
    this.#records++;
    return closed;
  }

  /** The open shard, if any; the chunker starts anew after it. */
  finish(): RawShard | undefined {
    if (this.#open === 0) return undefined;
    // A buffer of its own, which may be handed over to another thread.
    const raw = Buffer.allocUnsafeSlow(this.#open);
    this.#bytes.copy(raw, 0, 0, this.#open);
    const shard = { ...this.#first, records: this.#records, raw };
    this.#open = 0;
    this.#records = 0;
    return shard;
  }

  #grow(atLeast: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(atLeast, 2 * this.#bytes.length));
    this.#bytes.copy(grown, 0, 0, this.#open);
    this.#bytes = grown;
  }
}

/** All shards of a state out of its sorted lines. */
export async function* chunk(
  pages: AsyncIterable<readonly (RecordKey & { readonly line: Buffer })[]>,
): AsyncGenerator<RawShard> {
  const chunks = new Chunker();
  for await (const page of pages) {
    for (const record of page) {
      const closed = chunks.push(record, record.line);
      if (closed) yield closed;
    }
  }
  const last = chunks.finish();
  if (last) yield last;
}
