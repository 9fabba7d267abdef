// The reader on files that the real bbolt made: by its library in several transactions with deletions, by `bbolt compact`
// of a file of ours, by `bbolt bench`.

import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { copyFile, open, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { ExportError } from '../../src/core/errors.ts';
import { openBolt, type BoltReader } from '../../src/boltdb/open-bolt.ts';
import { judgeOrSkip } from '../judges.ts';
import { suiteScope } from '../registry/suite-scope.ts';
import { mustRun } from '../support/run-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { judgeOf } from '../support/go-judge.ts';
import { buildBboltJudge, treeHash, type BboltJudge, type JudgedTree } from './bbolt-judge.ts';
import { factsOf, fileOf, flat, openBytes } from './memory-file.ts';
import { randomOf, randomTree } from './random-tree.ts';

describe('files of the real bbolt', () => {
  const scope = suiteScope();
  let built: BboltJudge | string = 'not built';
  let folder = '';
  before(async () => {
    folder = await temporaryFolder(scope, 'bolt');
    built = await buildBboltJudge(folder);
  });

  for (const [pageSize, transactions] of [
    [4_096, 1],
    [4_096, 7],
    [1_024, 3],
    [16_384, 2],
    [65_536, 3],
  ] as const) {
    test(`pages of ${pageSize} bytes, ${transactions} transactions and one that deletes`, async (t) => {
      const judge = judgeOf(t, built);
      if (!judge) return;
      const file = join(folder, `filled-${pageSize}-${transactions}.db`);
      const size = { keys: 2_500, depth: 4, largestValue: 1_500_000 };
      const facts = randomTree(randomOf(pageSize + transactions), size);
      await judge.fill(file, facts, pageSize, transactions);
      const bytes = await readFile(file);
      assert.equal(treeHash(await factsOf(bytes)), treeHash(facts));
      const reader = await openBytes(bytes);
      assert.equal(reader.meta.pageSize, pageSize);
      for (const { path, key, value } of facts.filter((_, i) => i % 5 === 0)) {
        const got = await reader.get(path, key);
        assert.ok(value === null ? got === undefined : got?.equals(Buffer.from(value)));
      }
    });
  }

  test('the file is found by its second meta page when the first is gone, whatever the page size', async (t) => {
    const judge = judgeOf(t, built);
    if (!judge) return;
    const facts = randomTree(randomOf(3), { keys: 100, depth: 2, largestValue: 100 });
    for (const pageSize of [1_024, 4_096, 32_768]) {
      const file = join(folder, `second-${pageSize}.db`);
      // Two transactions after the two that make the file: the newest is on the page of odd numbers.
      await judge.fill(file, facts, pageSize, 1);
      const bytes = await readFile(file);
      bytes.fill(0, 0, 80);
      const reader = await openBytes(bytes);
      assert.equal(reader.meta.transaction, 3n);
      assert.equal(treeHash(await flat(reader.facts())), treeHash(facts));
    }
  });

  test('the older meta page speaks when the newer is damaged', async (t) => {
    const judge = judgeOf(t, built);
    if (!judge) return;
    const facts = randomTree(randomOf(4), { keys: 100, depth: 2, largestValue: 100 });
    const file = join(folder, 'older.db');
    await judge.fill(file, facts, 4_096, 1);
    const bytes = await readFile(file);
    bytes[4_096 + 40] = 1;
    const { meta } = await openBytes(bytes);
    assert.equal(meta.transaction, 2n);
  });

  test('a file of ours that bbolt compacted holds the same', async (t) => {
    const bbolt = judgeOrSkip(t, 'bbolt');
    if (!bbolt) return;
    const facts = randomTree(randomOf(21), { keys: 6_000, depth: 5, largestValue: 2 << 20 });
    const [ours, theirs] = [join(folder, 'ours.db'), join(folder, 'theirs.db')];
    await writeFile(ours, (await fileOf(facts)).bytes);
    await mustRun(bbolt, ['compact', '-o', theirs, ours]);
    assert.equal(treeHash(await factsOf(await readFile(theirs))), treeHash(facts));
  });

  test('the files that lie in Trivy’s sources hold what bbolt finds in them', async (t) => {
    const judge = judgeOf(t, built);
    if (!judge) return;
    const cache = (await mustRun('go', ['env', 'GOMODCACHE'])).trim();
    const modules = [
      'trivy@*/pkg/*/testdata/*.db',
      'trivy@*/pkg/rpc/server/testdata/*/*.db',
      'trivy-db@*/pkg/db/testdata/*.db',
    ];
    const files = modules.flatMap((pattern) => globSync(join(cache, 'github.com/aquasecurity', pattern)));
    if (files.length === 0) return t.skip('the sources of Trivy are not in the module cache: npm run judges -- trivy');
    let whole = 0;
    for (const file of files) {
      const bytes = await readFile(file);
      // Some are there to be refused: by bbolt, or by Trivy alone for what is in them.
      const found: JudgedTree | undefined = await judge.tree(file).catch(() => undefined);
      if (found === undefined) await assert.rejects(factsOf(bytes), ExportError, file);
      else assert.equal(treeHash(await factsOf(bytes)), found.sha256, file);
      whole += found === undefined ? 0 : 1;
    }
    assert.ok(whole >= 3, `${whole} of ${files.length} files are whole`);
  });

  test('what bbolt bench writes is read from a file handle, key by key', async (t) => {
    const bbolt = judgeOrSkip(t, 'bbolt');
    if (!bbolt) return;
    const file = join(folder, 'bench.db');
    await mustRun(bbolt, ['bench', '--path', file, '--work', '--count', '20000', '--batch-size', '2000', '--no-sync']);
    const copy = join(folder, 'bench-copy.db');
    await copyFile(file, copy);
    const handle = await open(copy);
    try {
      const reader = await openHandle(handle, (await stat(copy)).size);
      const facts = await flat(reader.facts(['bench']));
      assert.equal(facts.length, 20_000);
      // Its values are 32 zero bytes, its keys 8 bytes.
      assert.ok(facts.every(({ key, value }) => key.length === 8 && value?.equals(Buffer.alloc(32))));
      const [first] = facts;
      assert.ok(first);
      assert.deepEqual(await reader.get(['bench'], first.key), Buffer.alloc(32));
    } finally {
      await handle.close();
    }
  });
});

function openHandle(handle: Awaited<ReturnType<typeof open>>, size: number): Promise<BoltReader> {
  return openBolt(async (position, length) => {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  }, size);
}
