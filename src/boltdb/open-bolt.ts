// Reads bolt files, bbolt's own as well as ours: any page size, the newest valid meta page, buckets inline and not.
// Everything that a damaged or hostile file may say ends in an ExportError; memory is bounded whatever the file says.

import { ExportError } from '../core/errors.ts';
import { BlockReader } from './block-reader.ts';
import { Branch } from './branch.ts';
import { damaged } from './damage.ts';
import { asBuffer } from './fact-order.ts';
import { Leaf } from './leaf.ts';
import { readMeta, type BoltMeta } from './meta.ts';
import { PageSource, type BucketRoot } from './page-source.ts';
import { shownBucket, shownKey } from './shown.ts';
import type { BoltBytes, ReadAt, StoredFact } from './types.ts';
import { walkChildren, walkFacts } from './walk-facts.ts';
import { checkDepth, treeHeight } from './walk-guard.ts';

export type OpenBoltOptions = {
  /** Values with more bytes are refused, because each is held in memory; 64 MiB by default. */
  readonly largestValue?: number;
};

const defaultLargestValue = 64 << 20;

/** Opens a bolt file of `size` bytes. Throws VERIFICATION_FAILED when it is none, or is cut short. */
export async function openBolt(read: ReadAt, size: number, options: OpenBoltOptions = {}): Promise<BoltReader> {
  const meta = await readMeta(read, size);
  const pages = new PageSource(new BlockReader(read, size), meta, options.largestValue ?? defaultLargestValue);
  return new BoltReader(meta, pages);
}

/** An open bolt file. Buffers that come out of it are views of pages: copy what is kept for long. */
export class BoltReader {
  readonly meta: BoltMeta;
  readonly #pages: PageSource;

  constructor(meta: BoltMeta, pages: PageSource) {
    this.meta = meta;
    this.#pages = pages;
  }

  /** The value of a key, undefined when there is no such bucket or key, or a bucket has the name. */
  async get(path: readonly BoltBytes[], key: BoltBytes): Promise<Buffer | undefined> {
    const bucket = await this.#bucket(path);
    const found = bucket === undefined ? undefined : await this.#find(bucket, asBuffer(key));
    return found?.isBucket === false ? found.value : undefined;
  }

  async hasBucket(path: readonly BoltBytes[]): Promise<boolean> {
    return (await this.#bucket(path)) !== undefined;
  }

  /**
   * Everything in the bucket at `path`, of all depths, in the order of facts, with full paths; facts of one bucket share
   * their path array. Only buckets with nothing in them have a fact of their own. Goes through the whole bucket only
   * once and checks it completely. Throws NOT_FOUND when there is no such bucket, VERIFICATION_FAILED for damage.
   */
  async *facts(path: readonly BoltBytes[] = []): AsyncGenerator<StoredFact[]> {
    const names = path.map(asBuffer);
    yield* walkFacts(this.#pages, await this.#mustFind(names), names);
  }

  /** Keys and buckets that lie directly in the bucket at `path`, a bucket with the value null. Throws as `facts`. */
  async *children(path: readonly BoltBytes[] = []): AsyncGenerator<StoredFact[]> {
    const names = path.map(asBuffer);
    yield* walkChildren(this.#pages, await this.#mustFind(names), names);
  }

  async #mustFind(names: readonly Buffer[]): Promise<BucketRoot> {
    const bucket = await this.#bucket(names);
    if (bucket === undefined) throw new ExportError('NOT_FOUND', `the bolt file has no ${shownBucket(names)}`);
    return bucket;
  }

  async #bucket(path: readonly BoltBytes[]): Promise<BucketRoot | undefined> {
    checkDepth(path.length);
    let root: BucketRoot = this.meta.root;
    for (const name of path.map(asBuffer)) {
      const found = await this.#find(root, name);
      if (found?.isBucket !== true) return undefined;
      root = this.#pages.bucket(found.value, `the bucket ${shownKey(name)}`);
    }
    return root;
  }

  async #find(root: BucketRoot, key: Buffer): Promise<{ isBucket: boolean; value: Buffer } | undefined> {
    let node: BucketRoot | Branch = root;
    for (let height = 0; !(node instanceof Leaf); height++) {
      if (height > treeHeight) throw damaged(`a bucket has more than ${treeHeight} levels`);
      const id: number = node instanceof Branch ? node.child(node.indexFor(key)) : node;
      node = (await this.#pages.load(id)).node;
    }
    const index = node.indexOf(key);
    return index < 0 ? undefined : { isBucket: node.isBucket(index), value: await node.value(index) };
  }
}
