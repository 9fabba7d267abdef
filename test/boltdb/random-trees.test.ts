// Random trees through the writer, judged by the real bbolt: its check, and every key looked up by the library; and by our
// own reader. Small trees are many, large values few.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { asBuffer } from '../../src/boltdb/fact-order.ts';
import type { BoltFact } from '../../src/boltdb/types.ts';
import { judgeOrSkip } from '../judges.ts';
import { suiteScope } from '../registry/suite-scope.ts';
import { mustRun } from '../support/run-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { judgeOf } from '../support/go-judge.ts';
import { buildBboltJudge, treeHash, type BboltJudge } from './bbolt-judge.ts';
import { factsOf, fileOf, openBytes } from './memory-file.ts';
import { randomOf, randomTree, type TreeSize } from './random-tree.ts';

type Tree = { readonly name: string; readonly facts: BoltFact[] };

const sizes: TreeSize[] = [
  { keys: 20, depth: 3, largestValue: 5_000 },
  { keys: 400, depth: 6, largestValue: 100_000 },
  { keys: 4_000, depth: 4, largestValue: 3 << 20 },
];

function trees(): Tree[] {
  const random = Array.from({ length: 24 }, (_, i): Tree => {
    const size = sizes[i % sizes.length] ?? { keys: 10, depth: 2, largestValue: 10 };
    return { name: `seed ${i}`, facts: randomTree(randomOf(i), size) };
  });
  return [...random, deep(), longKeys(), largeValues()];
}

function deep(): Tree {
  const path = Array.from({ length: 300 }, (_, i) => `level ${i}`);
  const facts = path.map((_, i): BoltFact => ({ path: path.slice(0, 300 - i), key: 'm', value: 'x'.repeat(i) }));
  return { name: '300 buckets inside each other', facts };
}

function longKeys(): Tree {
  const facts = Array.from({ length: 90 }, (_, i): BoltFact => {
    const key = Buffer.concat([Buffer.alloc(32_764, 'k'), Buffer.from(String(i).padStart(4, '0'))]);
    return { path: ['long'], key, value: i % 5 === 0 ? 'x'.repeat(70_000) : '' };
  });
  return { name: '90 keys of the longest kind that differ in their last bytes', facts };
}

function largeValues(): Tree {
  const facts = [0, 1, 65_503, 65_504, 65_535, 65_536, 1_048_575, 1_048_576, 5_000_000].flatMap(
    (size, i): BoltFact[] => [
      { path: ['large'], key: `${i} a`, value: Buffer.alloc(size, 'v') },
      { path: ['large'], key: `${i} b`, value: 'small' },
    ],
  );
  return { name: 'values around the sizes at which they travel otherwise', facts };
}

const scope = suiteScope();
const all = trees();

describe('random trees', () => {
  test('come back from our reader as they were, and each key is found', async () => {
    for (const { name, facts } of all) {
      const { bytes } = await fileOf(facts);
      const found = await factsOf(bytes);
      assert.equal(treeHash(found), treeHash(facts), name);
      const reader = await openBytes(bytes);
      for (let i = 0; i < facts.length; i += 1 + (facts.length >> 8)) {
        const { path, key, value } = facts[i] ?? assert.fail();
        const got = await reader.get(path, key);
        if (value === null) assert.ok(got === undefined && (await reader.hasBucket([...path, key])), name);
        else assert.ok(got?.equals(asBuffer(value)), name);
        assert.equal(await reader.get(path, Buffer.concat([asBuffer(key), Buffer.from([0])])), undefined);
      }
    }
  });

  test('what was read gives the same file again', async () => {
    for (const { facts } of all.slice(0, 9)) {
      const { bytes } = await fileOf(facts);
      assert.ok((await fileOf(await factsOf(bytes))).bytes.equals(bytes));
    }
  });
});

describe('the real bbolt', () => {
  let built: BboltJudge | string = 'not built';
  let folder = '';
  before(async () => {
    folder = await temporaryFolder(scope, 'bolt');
    built = await buildBboltJudge(folder);
  });

  test('finds nothing wrong with the files of random trees', async (t) => {
    const bbolt = judgeOrSkip(t, 'bbolt');
    if (!bbolt) return;
    const file = join(folder, 'checked.db');
    for (const { name, facts } of all) {
      await writeFile(file, (await fileOf(facts)).bytes);
      assert.match(await mustRun(bbolt, ['check', file]), /^OK$/m, name);
    }
  });

  test('finds every key of random trees, and no other', async (t) => {
    const judge = judgeOf(t, built);
    if (!judge) return;
    const file = join(folder, 'looked-up.db');
    for (const { name, facts } of all) {
      const { bytes, summary } = await fileOf(facts);
      await writeFile(file, bytes);
      const { keys, buckets } = summary;
      assert.deepEqual(await judge.tree(file), { keys, buckets, sha256: treeHash(facts) }, name);
    }
  });
});
