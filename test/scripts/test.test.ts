// `npm test` ends with the summary, chooses files by pattern and passes the exit code on.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram, type ProgramResult } from '../support/run-program.ts';
import type { Scope } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const scripts = join(import.meta.dirname, '..', '..', 'scripts');

/** Runs the script in a checkout of its own with one test that passes and one that fails. */
async function runScript(
  scope: Scope,
  env: Record<string, string | undefined>,
  ...args: string[]
): Promise<ProgramResult> {
  const folder = await temporaryFolder(scope, 'suite');
  for (const name of ['scripts', 'test']) await mkdir(join(folder, name));
  for (const name of ['test.ts', 'memory-folder.ts'])
    await copyFile(join(scripts, name), join(folder, 'scripts', name));
  const head = `import { test } from 'node:test';\n`;
  await writeFile(
    join(folder, 'test', 'good.test.ts'),
    `import { tmpdir } from 'node:os';\n${head}test('good', () => console.log('folder:', tmpdir()));\n`,
  );
  await writeFile(
    join(folder, 'test', 'bad.test.ts'),
    `${head}test('bad', () => { throw new Error('on purpose'); });\n`,
  );
  return runProgram(process.execPath, [join(folder, 'scripts', 'test.ts'), ...args], {
    env: { FORCE_COLOR: undefined, ...env },
  });
}

const lastLines = ({ stdout }: ProgramResult): string[] => stdout.trimEnd().split('\n').slice(-8);
const summary = (pass: number, fail: number): RegExp =>
  new RegExp(`^ℹ tests ${pass + fail}\nℹ suites 0\nℹ pass ${pass}\nℹ fail ${fail}\n(?:ℹ .*\n){3}ℹ duration_ms .*$`);

test('a green run ends with the summary and exit code 0', async (t) => {
  const result = await runScript(t, {}, 'good');
  assert.match(lastLines(result).join('\n'), summary(1, 0));
  assert.equal(result.code, 0);
});

test('a red run ends with the summary too, after the failures, and exit code 1', async (t) => {
  const result = await runScript(t, {});
  assert.match(result.stdout, /on purpose/);
  assert.match(lastLines(result).join('\n'), summary(1, 1));
  assert.equal(result.code, 1);
});

test('a pattern that no file has is an error, not an empty green run', async (t) => {
  const result = await runScript(t, {}, 'absent');
  assert.equal(result.code, 2);
  assert.match(result.stderr, /^error: no test file has absent in its path\n/);
});

test('folders of tests lie where TMPDIR says, else in memory if there is room, and go with the run', async (t) => {
  const chosen = await temporaryFolder(t, 'chosen');
  assert.equal(folderOf(await runScript(t, { TMPDIR: chosen }, 'good')), chosen);
  const own = folderOf(await runScript(t, { TMPDIR: undefined }, 'good'));
  if (own === '/tmp') return t.diagnostic('no room in memory here');
  assert.match(own, /^\/dev\/shm\/export-center-tests-\w+$/);
  assert.ok(!existsSync(own));
});

function folderOf({ stdout }: ProgramResult): string {
  return /folder: (\S+)/.exec(stdout)?.[1] ?? assert.fail(stdout);
}
