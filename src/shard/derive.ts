// Derives the shards of a state from the shards of an older one and the changes between them. Shards that no change
// touches, up to where the cuts meet again, are kept without being read; what comes out equals a fresh build.

import { compareKeys, type RecordKey } from '../core/order.ts';
import { Chunker, type RawShard } from './chunker.ts';
import { Cursor } from './merge.ts';
import type { ChangeRecord, StateLine } from './line.ts';

export type DerivedShard =
  { readonly kind: 'kept'; readonly index: number } | { readonly kind: 'new'; readonly shard: RawShard };

export type DeriveSource = {
  /** First keys of the old shards, in order. */
  readonly firstKeys: readonly RecordKey[];
  /** The lines of an old shard. */
  readonly lines: (index: number) => Promise<readonly StateLine[]>;
  readonly changes: AsyncIterable<readonly ChangeRecord[]>;
  /** How a changed record is written: `shardLine` or `rawLine`. */
  readonly format: (record: RecordKey & { readonly v: Buffer }) => Buffer;
};

export async function* deriveShards(source: DeriveSource): AsyncGenerator<DerivedShard> {
  const derivation = new Derivation(source, await Cursor.open(source.changes));
  yield* derivation.run();
}

class Derivation {
  readonly #source: DeriveSource;
  readonly #changes: Cursor<ChangeRecord>;
  readonly #chunker = new Chunker();

  constructor(source: DeriveSource, changes: Cursor<ChangeRecord>) {
    this.#source = source;
    this.#changes = changes;
  }

  async *run(): AsyncGenerator<DerivedShard> {
    const { firstKeys } = this.#source;
    for (let index = 0; index < firstKeys.length; index++) {
      const first = firstKeys[index] as RecordKey;
      yield* this.#insertBefore(first);
      if (await this.#closesBefore(index, first)) yield* this.#close();
      if (this.#chunker.isEmpty && this.#isUntouched(index)) yield { kind: 'kept', index };
      else yield* this.#rebuild(index);
    }
    yield* this.#insertBefore(undefined);
    yield* this.#close();
  }

  /** Whether the open shard ends exactly before the unchanged first record of an old shard. */
  async #closesBefore(index: number, first: RecordKey): Promise<boolean> {
    const { head } = this.#changes;
    if (this.#chunker.isEmpty || (head !== undefined && compareKeys(head, first) === 0)) return false;
    const line = (await this.#source.lines(index))[0] as StateLine;
    return this.#chunker.cutsBefore(first, line.line);
  }

  /** No change up to and including the record behind the shard, whose line decided the cut. */
  #isUntouched(index: number): boolean {
    const { head } = this.#changes;
    if (head === undefined) return true;
    const next = this.#source.firstKeys[index + 1];
    return next !== undefined && compareKeys(head, next) > 0;
  }

  async *#rebuild(index: number): AsyncGenerator<DerivedShard> {
    for (const line of await this.#source.lines(index)) {
      yield* this.#insertBefore(line);
      const { head } = this.#changes;
      if (head !== undefined && compareKeys(head, line) === 0) {
        if (head.op === 'put') yield* this.#push(head, this.#source.format(head));
        await this.#next();
      } else {
        yield* this.#push(line, line.line);
      }
    }
  }

  /** Feeds the new records that sort before `key` (all of them when there is none). */
  async *#insertBefore(key: RecordKey | undefined): AsyncGenerator<DerivedShard> {
    for (;;) {
      const { head } = this.#changes;
      if (head === undefined || (key !== undefined && compareKeys(head, key) >= 0)) return;
      if (head.op === 'put') yield* this.#push(head, this.#source.format(head));
      await this.#next();
    }
  }

  async #next(): Promise<void> {
    if (!this.#changes.step()) await this.#changes.refill();
  }

  *#push(key: RecordKey, line: Buffer): Generator<DerivedShard> {
    const closed = this.#chunker.push(key, line);
    if (closed) yield { kind: 'new', shard: closed };
  }

  *#close(): Generator<DerivedShard> {
    const closed = this.#chunker.finish();
    if (closed) yield { kind: 'new', shard: closed };
  }
}
