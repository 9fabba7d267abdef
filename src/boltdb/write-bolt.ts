// Writes a bolt file (bbolt format version 2) bottom-up out of sorted facts, in one pass and with memory for one leaf and
// its branch levels per open bucket.
// What decides the bytes: pages of 4,096 bytes filled as far as whole items fit, leaves in order of their keys, a
// bucket's pages before the leaf that names it, children before parents, the root last; large items on pages of their own
// (bucket-builder.ts, branch-levels.ts); sequences 0; page 2 an empty freelist; both metas the same but for transactions
// 0 and 1. So the bytes are a function of the facts, which bbolt's own are not.

import { ExportError } from '../core/errors.ts';
import { BucketBuilder } from './bucket-builder.ts';
import { asBuffer, compareBytes } from './fact-order.ts';
import { boltLimits, pageBytes } from './format.ts';
import { headPages } from './meta.ts';
import { PageOutput } from './page-output.ts';
import { shownBucket, shownKey } from './shown.ts';
import type { BoltBytes, BoltFact, BoltSink, BoltSummary } from './types.ts';

/** Facts in portions of any size. */
export type FactPages = AsyncIterable<readonly BoltFact[]> | Iterable<readonly BoltFact[]>;

/**
 * Writes the file of `facts` to `sink`. A path array must not change while it is in use; facts that share one are faster.
 * Throws INPUT_INVALID, naming bucket and key, for facts that do not rise, keys that are empty or longer than 32,768
 * bytes, values directly in the root, strings that have no UTF-8, and buckets nested deeper than 1,000; INPUT_TOO_LARGE
 * for values above 2^31 - 2 bytes. What the sink has got by then is of no use.
 */
export async function writeBolt(facts: FactPages, sink: BoltSink): Promise<BoltSummary> {
  const output = new PageOutput();
  const tree = new TreeBuilder(output);
  for await (const page of facts) {
    for (const fact of page) {
      tree.add(fact);
      if (output.isReady) await output.drain(sink);
    }
  }
  const root = tree.finish();
  const pages = output.nextPage;
  await output.finish(headPages(root, pages), sink);
  return tree.summary(pages);
}

/** The open buckets, from the root to the one that the last fact is in. */
class TreeBuilder {
  readonly #output: PageOutput;
  readonly #builders: BucketBuilder[] = [];
  /** Buckets that are open below the root. */
  #depth = 0;
  /** The last fact's path while exactly its buckets are open. */
  #path: readonly BoltBytes[] | undefined;
  #buckets = 0;
  #keys = 0;
  readonly #names = (): Buffer[] => this.#builders.slice(1, this.#depth + 1).map(({ name }) => name);

  constructor(output: PageOutput) {
    this.#output = output;
    this.#builder(0).begin(Buffer.alloc(0));
  }

  add({ path, key, value }: BoltFact): void {
    if (path !== this.#path) this.#enter(path);
    const name = this.#bytesOf(key);
    if (value === null) {
      this.#path = undefined;
      this.#open(name);
      return;
    }
    if (this.#depth === 0) {
      throw new ExportError(
        'INPUT_INVALID',
        `the root of a bolt file holds buckets only, not the key ${shownKey(name)}`,
      );
    }
    const builder = this.#builder(this.#depth);
    builder.checkNext(name, this.#names);
    builder.put(name, this.#valueOf(name, value));
    this.#keys++;
  }

  /** Closes all buckets and returns the number of the root's page. */
  finish(): number {
    this.#closeTo(0);
    return this.#builder(0).endPages();
  }

  summary(pages: number): BoltSummary {
    return { bytes: pages * pageBytes, pages, buckets: this.#buckets, keys: this.#keys };
  }

  #enter(path: readonly BoltBytes[]): void {
    let shared = 0;
    for (; shared < path.length && shared < this.#depth; shared++) {
      if (compareBytes(path[shared] ?? '', this.#builder(shared + 1).name) !== 0) break;
    }
    this.#closeTo(shared);
    for (const name of path.slice(shared)) this.#open(this.#bytesOf(name));
    this.#path = path;
  }

  #open(name: Buffer): void {
    this.#builder(this.#depth).checkNext(name, this.#names);
    if (this.#depth === boltLimits.depth) {
      throw new ExportError('INPUT_INVALID', `more than ${boltLimits.depth} bolt buckets inside each other`);
    }
    this.#depth++;
    this.#buckets++;
    // A copy: the name outlives the call.
    this.#builder(this.#depth).begin(Buffer.from(name));
  }

  #closeTo(depth: number): void {
    for (; this.#depth > depth; this.#depth--) {
      const builder = this.#builder(this.#depth);
      this.#builder(this.#depth - 1).putBucket(builder.name, builder.end());
    }
  }

  #builder(depth: number): BucketBuilder {
    return (this.#builders[depth] ??= new BucketBuilder(this.#output));
  }

  #valueOf(key: Buffer, value: BoltBytes): Buffer {
    const bytes = this.#bytesOf(value);
    if (bytes.length <= boltLimits.valueBytes) return bytes;
    const where = `${shownKey(key)} in ${shownBucket(this.#names())}`;
    throw new ExportError('INPUT_TOO_LARGE', `the bolt value of ${where} has ${bytes.length} bytes`, {
      hint: `a value may have ${boltLimits.valueBytes} bytes`,
    });
  }

  #bytesOf(bytes: BoltBytes): Buffer {
    if (typeof bytes === 'string' && !bytes.isWellFormed()) {
      const where = shownBucket(this.#names());
      throw new ExportError(
        'INPUT_INVALID',
        `a lone surrogate has no UTF-8: ${JSON.stringify(bytes.slice(0, 100))} in ${where}`,
      );
    }
    return asBuffer(bytes);
  }
}
