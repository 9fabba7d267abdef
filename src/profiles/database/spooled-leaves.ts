// The set root of millions of records in bounded memory (formats.md §4): their leaves wait in files, one for each of 64
// subtrees, and one subtree after the other is computed.

import { open, readFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { digestFromSha256, sha256, type Digest } from '../../core/digest.ts';
import { keyBytes } from '../../core/order.ts';
import { joinSubtrees, LeafSet, type Subtree } from '../../shard/set-root.ts';

const bits = 6;
const leafBytes = 64;
const bufferedLeaves = 1_024;

type Bucket = { readonly file: FileHandle; readonly path: string; readonly bytes: Buffer; used: number };

export class SpooledLeaves {
  readonly #buckets: readonly Bucket[];
  #full: Bucket[] = [];
  #count = 0;

  private constructor(buckets: readonly Bucket[]) {
    this.#buckets = buckets;
  }

  /** Makes its files in `folder`, where they stay until the folder is removed. */
  static async create(folder: string): Promise<SpooledLeaves> {
    const buckets: Bucket[] = [];
    for (let i = 0; i < 2 ** bits; i++) {
      const path = join(folder, `leaves-${i}`);
      const bytes = Buffer.allocUnsafeSlow(bufferedLeaves * leafBytes);
      buckets.push({ file: await open(path, 'wx', 0o600), path, bytes, used: 0 });
    }
    return new SpooledLeaves(buckets);
  }

  /** True when `drain` is due, which must come before the next `add`. */
  add(c: string, k: string, v: Buffer): boolean {
    const keyHash = sha256(keyBytes(c, k));
    const bucket = this.#buckets[(keyHash[0] as number) >>> (8 - bits)] as Bucket;
    keyHash.copy(bucket.bytes, bucket.used);
    sha256(v).copy(bucket.bytes, bucket.used + 32);
    bucket.used += leafBytes;
    this.#count++;
    if (bucket.used === bucket.bytes.length) this.#full.push(bucket);
    return this.#full.length > 0;
  }

  async drain(): Promise<void> {
    for (const bucket of this.#full) await write(bucket);
    this.#full = [];
  }

  /** Count and root of everything that was added. */
  async root(): Promise<{ readonly count: number; readonly root: Digest }> {
    let level: Subtree[] = [];
    for (const bucket of this.#buckets) {
      await write(bucket);
      level.push(subtreeOf(await readFile(bucket.path)));
    }
    while (level.length > 1) {
      const above: Subtree[] = [];
      for (let i = 0; i < level.length; i += 2) above.push(joinSubtrees(level[i] as Subtree, level[i + 1] as Subtree));
      level = above;
    }
    return { count: this.#count, root: digestFromSha256((level[0] as Subtree).hash) };
  }

  async close(): Promise<void> {
    for (const { file } of this.#buckets) await file.close();
  }
}

async function write(bucket: Bucket): Promise<void> {
  for (let at = 0; at < bucket.used;) {
    at += (await bucket.file.write(bucket.bytes, at, bucket.used - at)).bytesWritten;
  }
  bucket.used = 0;
}

function subtreeOf(leaves: Buffer): Subtree {
  const set = new LeafSet();
  for (let at = 0; at < leaves.length; at += leafBytes) {
    set.addHashed(leaves.subarray(at, at + 32), leaves.subarray(at + 32, at + leafBytes));
  }
  return set.subtree(bits);
}
