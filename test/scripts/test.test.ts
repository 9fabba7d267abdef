// `npm test` ends with the summary, chooses files by pattern and passes the exit code on.

import assert from 'node:assert/strict';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram, type ProgramResult } from '../support/run-program.ts';
import type { Scope } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const script = join(import.meta.dirname, '..', '..', 'scripts', 'test.ts');

/** Runs the script in a checkout of its own with one test that passes and one that fails. */
async function runScript(scope: Scope, ...args: string[]): Promise<ProgramResult> {
  const folder = await temporaryFolder(scope, 'suite');
  for (const name of ['scripts', 'test']) await mkdir(join(folder, name));
  const copy = join(folder, 'scripts', 'test.ts');
  await copyFile(script, copy);
  const head = `import { test } from 'node:test';\n`;
  await writeFile(join(folder, 'test', 'good.test.ts'), `${head}test('good', () => {});\n`);
  await writeFile(
    join(folder, 'test', 'bad.test.ts'),
    `${head}test('bad', () => { throw new Error('on purpose'); });\n`,
  );
  return runProgram(process.execPath, [copy, ...args], { env: { FORCE_COLOR: undefined } });
}

const lastLines = ({ stdout }: ProgramResult): string[] => stdout.trimEnd().split('\n').slice(-8);
const summary = (pass: number, fail: number): RegExp =>
  new RegExp(`^ℹ tests ${pass + fail}\nℹ suites 0\nℹ pass ${pass}\nℹ fail ${fail}\n(?:ℹ .*\n){3}ℹ duration_ms .*$`);

test('a green run ends with the summary and exit code 0', async (t) => {
  const result = await runScript(t, 'good');
  assert.match(lastLines(result).join('\n'), summary(1, 0));
  assert.equal(result.code, 0);
});

test('a red run ends with the summary too, after the failures, and exit code 1', async (t) => {
  const result = await runScript(t);
  assert.match(result.stdout, /on purpose/);
  assert.match(lastLines(result).join('\n'), summary(1, 1));
  assert.equal(result.code, 1);
});

test('a pattern that no file has is an error, not an empty green run', async (t) => {
  const result = await runScript(t, 'absent');
  assert.equal(result.code, 2);
  assert.match(result.stderr, /^error: no test file has absent in its path\n/);
});
