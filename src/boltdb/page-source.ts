// Loads the pages of a bolt file by number, and buckets by their value in the parent. What a header claims is checked
// against the file before memory is taken for it.

import { Branch, branchBytes } from './branch.ts';
import type { BlockReader } from './block-reader.ts';
import { damaged } from './damage.ts';
import { branchFlag, bucketHeaderBytes, elementBytes, headerBytes, leafFlag, readU64 } from './format.ts';
import { Leaf, residentBytes } from './leaf.ts';
import type { BoltMeta } from './meta.ts';

/** Where a bucket begins: its root page, or, inline, its only leaf. */
export type BucketRoot = number | Leaf;

export type LoadedPage = {
  readonly node: Branch | Leaf;
  /** How many pages it takes, its own included. */
  readonly pages: number;
};

type Header = { readonly flags: number; readonly count: number; readonly overflow: number };

export class PageSource {
  readonly #file: BlockReader;
  readonly #meta: BoltMeta;
  readonly #largestValue: number;

  constructor(file: BlockReader, meta: BoltMeta, largestValue: number) {
    this.#file = file;
    this.#meta = meta;
    this.#largestValue = largestValue;
  }

  /** Throws VERIFICATION_FAILED unless page `id` is a sound branch or leaf. */
  async load(id: number): Promise<LoadedPage> {
    const { pageSize, pages } = this.#meta;
    const name = `page ${id}`;
    if (id < 2 || id >= pages) throw damaged(`it refers to ${name} of ${pages}`);
    const position = id * pageSize;
    const first = await this.#file.read(position, pageSize);
    if (readU64(first, 0) !== id) throw damaged(`${name} says that it is page ${readU64(first, 0)}`);
    const { flags, count, overflow } = readHeader(first);
    const length = (1 + overflow) * pageSize;
    if (id + overflow >= pages) throw damaged(`${name} goes on past the end`);
    if (headerBytes + count * elementBytes > length) throw damaged(`${name} has no room for ${count} elements`);
    if (flags === branchFlag) {
      if (length > Math.max(branchBytes, pageSize)) throw damaged(`${name} is a branch of ${length} bytes`);
      const image = overflow === 0 ? first : await this.#file.read(position, length);
      return { node: new Branch(image, count, name), pages: 1 + overflow };
    }
    if (flags !== leafFlag) throw damaged(`${name} is neither branch nor leaf (flags ${flags})`);
    const held = length <= Math.max(residentBytes, pageSize) ? length : headerBytes + count * elementBytes;
    const table = held === pageSize ? first : await this.#file.read(position, held);
    const place = { file: this.#file, position, largestValue: this.#largestValue, name };
    return { node: await Leaf.load({ table, length, count, ...place }), pages: 1 + overflow };
  }

  /** The bucket whose value in a leaf is `value`; `name` is what messages call it. */
  bucket(value: Buffer, name: string): BucketRoot {
    const root = readU64(value, 0);
    if (root !== 0) {
      if (value.length !== bucketHeaderBytes) throw damaged(`${name} has ${value.length} bytes beside its page number`);
      return root;
    }
    const table = value.subarray(bucketHeaderBytes);
    if (table.length < headerBytes) throw damaged(`${name} has neither a page nor an inline image`);
    const { flags, count, overflow } = readHeader(table);
    if (readU64(table, 0) !== 0 || flags !== leafFlag || overflow !== 0) throw damaged(`${name} has no inline leaf`);
    if (headerBytes + count * elementBytes > table.length) throw damaged(`${name} has no room for ${count} elements`);
    const place = { file: this.#file, position: 0, largestValue: this.#largestValue, name };
    return Leaf.inline({ table, length: table.length, count, ...place });
  }
}

function readHeader(page: Buffer): Header {
  return { flags: page.readUInt16LE(8), count: page.readUInt16LE(10), overflow: page.readUInt32LE(12) };
}
