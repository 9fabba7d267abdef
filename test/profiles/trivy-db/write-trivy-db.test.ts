// trivy.db out of rows: the buckets that Trivy cannot do without are always there.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openBolt } from '../../../src/boltdb/open-bolt.ts';
import { writeTrivyDb } from '../../../src/profiles/trivy-db/write-trivy-db.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const sets: readonly (readonly string[])[] = [
  [],
  ['alpine 3.20\u001fcurl\u001fCVE-2026-1'],
  ['data-source\u001fnpm::x', 'npm::x\u001fcurl\u001fCVE-2026-1', 'vulnerability\u001fCVE-2026-1'],
  ['npm::x\u001fcurl\u001fCVE-2026-1', 'wolfi\u001fcurl\u001fCVE-2026-1'],
];

for (const [at, keys] of sets.entries()) {
  test(`the required buckets are there beside rows of kind ${at + 1}, and every row is where it belongs`, async (t) => {
    const path = join(await temporaryFolder(t, 'trivy-db'), 'trivy.db');
    const rows = async function* () {
      for (const k of keys) yield [{ k, v: Buffer.from(`{"n":"${k.length}"}`) }];
    };
    await writeTrivyDb(rows(), path);
    const file = await readFile(path);
    const bolt = await openBolt((from, length) => Promise.resolve(file.subarray(from, from + length)), file.length);
    assert.equal(await bolt.hasBucket(['data-source']), true);
    assert.equal(await bolt.hasBucket(['vulnerability']), true);
    for (const k of keys) {
      const path = k.split('\u001f');
      const value = await bolt.get(path.slice(0, -1), path.at(-1) ?? '');
      assert.equal(value?.toString(), `{"n":"${k.length}"}`);
    }
  });
}
