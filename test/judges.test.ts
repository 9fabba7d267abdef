// The look-up of judges: cache before PATH, a named skip without CI, a failure with it.

import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { findJudge, judgeOrSkip } from './judges.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

async function program(folder: string, name: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, name);
  await writeFile(path, '#!/bin/sh\n');
  await chmod(path, 0o755);
  return path;
}

test('a judge in the cache wins over one in PATH', async (t) => {
  const folder = await temporaryFolder(t);
  const cached = await program(join(folder, 'cache/export-center/judges/bin'), 'oras');
  const inPath = await program(join(folder, 'path'), 'oras');
  assert.equal(findJudge('oras', { XDG_CACHE_HOME: join(folder, 'cache'), PATH: join(folder, 'path') }), cached);
  assert.equal(findJudge('oras', { XDG_CACHE_HOME: join(folder, 'none'), PATH: join(folder, 'path') }), inPath);
});

test('the two cosigns are never mistaken for whatever cosign is in PATH', async (t) => {
  const folder = await temporaryFolder(t);
  await program(folder, 'cosign');
  assert.equal(findJudge('cosign', { XDG_CACHE_HOME: folder, PATH: folder }), undefined);
  assert.equal(findJudge('cosign2', { XDG_CACHE_HOME: folder, PATH: folder }), undefined);
});

test('a file that may not be executed is no judge', async (t) => {
  const folder = await temporaryFolder(t);
  await chmod(await program(folder, 'skopeo'), 0o644);
  assert.equal(findJudge('skopeo', { XDG_CACHE_HOME: folder, PATH: folder }), undefined);
});

test('an absent judge is a skip that names it, and an error with CI=true', (t) => {
  const before = { CI: process.env['CI'], PATH: process.env['PATH'], XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] };
  t.after(() => {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  process.env['PATH'] = process.env['XDG_CACHE_HOME'] = '/nonexistent';
  const reasons: (string | undefined)[] = [];
  const context = { skip: (reason?: string) => void reasons.push(reason) };
  delete process.env['CI'];
  assert.equal(judgeOrSkip(context, 'crane'), undefined);
  assert.deepEqual(reasons, ['the judge crane is not here: npm run judges -- crane']);
  process.env['CI'] = 'true';
  assert.throws(() => judgeOrSkip(context, 'crane'), /the judge crane is not here/);
});
