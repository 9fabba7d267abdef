// Writing and reading need memory for what is open, not for what went through.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { mustRun } from '../support/run-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('a million small keys are written and read with a heap of 40 MiB and 64 MiB beside it', async (t) => {
  const folder = await temporaryFolder(t, 'bolt-memory');
  const child = join(import.meta.dirname, 'memory-child.ts');
  const args = ['--max-old-space-size=40', child, join(folder, 'million.db'), '1000000'];
  const { bytes, read, outside } = JSON.parse(await mustRun(process.execPath, args)) as Record<string, number>;
  assert.equal(read, 1_000_000);
  assert.ok(bytes !== undefined && bytes > 60_000_000, `${bytes} bytes`);
  assert.ok(outside !== undefined && outside < 64 << 20, `${outside} bytes outside of the heap`);
});
