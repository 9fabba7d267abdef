// Walks through buckets in the order of facts: one portion for each leaf page, with what its inline buckets hold, so that
// a portion is about as large as a page; a bucket with pages of its own interrupts the leaf that names it.

import { damaged } from './damage.ts';
import { Leaf } from './leaf.ts';
import { LeafCursor } from './leaf-cursor.ts';
import type { BucketRoot, PageSource } from './page-source.ts';
import { shownKey } from './shown.ts';
import type { StoredFact } from './types.ts';
import { checkDepth, WalkGuard } from './walk-guard.ts';

/** One bucket on the way down. */
type Level = {
  readonly path: readonly Buffer[];
  readonly cursor: LeafCursor;
  leaf: Leaf | undefined;
  index: number;
  isEmpty: boolean;
};

/** Everything below the bucket `root`, whose names are `path`. */
export async function* walkFacts(
  pages: PageSource,
  root: BucketRoot,
  path: readonly Buffer[],
): AsyncGenerator<StoredFact[]> {
  const guard = new WalkGuard();
  const enter = (bucket: BucketRoot, names: readonly Buffer[]): Level => {
    checkDepth(names.length);
    return { path: names, cursor: new LeafCursor(pages, guard, bucket), leaf: undefined, index: 0, isEmpty: true };
  };
  const levels = [enter(root, path)];
  for (let level = levels.at(-1); level; level = levels.at(-1)) {
    if (!level.leaf || level.index === level.leaf.count) {
      level.leaf = await level.cursor.next();
      level.index = 0;
    }
    if (!level.leaf) {
      levels.pop();
      if (level.isEmpty && level.path.length > 0) yield [emptyBucket(level.path)];
      continue;
    }
    if (level.leaf.count > 0) level.isEmpty = false;
    const { facts, below } = await readLeaf(pages, level, level.leaf);
    if (facts.length > 0) yield facts;
    if (below) levels.push(enter(below.root, below.path));
  }
}

/** What lies directly in the bucket `root`. */
export async function* walkChildren(
  pages: PageSource,
  root: BucketRoot,
  path: readonly Buffer[],
): AsyncGenerator<StoredFact[]> {
  const cursor = new LeafCursor(pages, new WalkGuard(), root);
  for (let leaf = await cursor.next(); leaf; leaf = await cursor.next()) {
    const facts: StoredFact[] = [];
    for (let i = 0; i < leaf.count; i++) {
      checkIsBucketInRoot(leaf, i, path);
      facts.push({ path, key: leaf.key(i), value: leaf.isBucket(i) ? null : await leaf.value(i) });
    }
    if (facts.length > 0) yield facts;
  }
}

type LeafFacts = { readonly facts: StoredFact[]; readonly below?: { root: BucketRoot; path: Buffer[] } };

/** Facts from the level's index on, up to the leaf's end, a large value, or a bucket with pages of its own. */
async function readLeaf(pages: PageSource, level: Level, leaf: Leaf): Promise<LeafFacts> {
  const facts: StoredFact[] = [];
  while (level.index < leaf.count) {
    const index = level.index++;
    const key = leaf.key(index);
    checkIsBucketInRoot(leaf, index, level.path);
    const found = leaf.value(index);
    const value = found instanceof Promise ? await found : found;
    if (!leaf.isBucket(index)) {
      facts.push({ path: level.path, key, value });
      if (found instanceof Promise) break;
      continue;
    }
    const root = pages.bucket(value, `the bucket ${shownKey(key)}`);
    const path = [...level.path, key];
    checkDepth(path.length);
    if (!(root instanceof Leaf)) return { facts, below: { root, path } };
    await addInline(facts, root, path);
  }
  return { facts };
}

async function addInline(facts: StoredFact[], leaf: Leaf, path: readonly Buffer[]): Promise<void> {
  if (leaf.count === 0) facts.push(emptyBucket(path));
  for (let i = 0; i < leaf.count; i++) {
    const found = leaf.value(i);
    facts.push({ path, key: leaf.key(i), value: found instanceof Promise ? await found : found });
  }
}

function emptyBucket(path: readonly Buffer[]): StoredFact {
  return { path: path.slice(0, -1), key: path.at(-1) ?? Buffer.alloc(0), value: null };
}

function checkIsBucketInRoot(leaf: Leaf, index: number, path: readonly Buffer[]): void {
  if (path.length === 0 && !leaf.isBucket(index)) {
    throw damaged(`its root has the key ${shownKey(leaf.key(index))}, which is no bucket`);
  }
}
