// Leftovers of killed processes go after a day, and nothing that somebody works in.

import assert from 'node:assert/strict';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { sweepTemporary } from '../../src/runs/sweep-temporary.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('what nothing was added to for a day is removed', async (t) => {
  const folder = await temporaryFolder(t, 'tmp');
  const now = new Date('2026-07-02T12:00:00Z');
  const hoursAgo = (hours: number): Date => new Date(now.getTime() - hours * 3_600_000);
  const made = [
    { name: 'database-old', folderHours: 30, fileHours: 26 },
    { name: 'database-growing', folderHours: 30, fileHours: 1 },
    { name: 'database-young', folderHours: 1, fileHours: 1 },
  ];
  for (const { name, folderHours, fileHours } of made) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, 'trivy.db'), 'x');
    await utimes(join(folder, name, 'trivy.db'), hoursAgo(fileHours), hoursAgo(fileHours));
    await utimes(join(folder, name), hoursAgo(folderHours), hoursAgo(folderHours));
  }
  await sweepTemporary(folder, { now: () => now });
  assert.deepEqual((await readdir(folder)).sort(), ['database-growing', 'database-young']);
  await sweepTemporary(join(folder, 'none'), { now: () => now });
});
