// The launcher: sources in a checkout, dist in an installed package, the pinned Node where the one at hand is too old.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../support/run-program.ts';
import type { Scope } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const root = join(import.meta.dirname, '..', '..');

/** A package with the real launcher and a main file that tells which one it is. */
async function installation(scope: Scope, mains: readonly string[]): Promise<string> {
  const folder = await temporaryFolder(scope, 'launcher');
  await mkdir(join(folder, 'bin'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  const launcher = join(folder, 'bin', 'export-center.js');
  await copyFile(join(root, 'bin', 'export-center.js'), launcher);
  for (const main of mains) {
    await mkdir(join(folder, main, '..'), { recursive: true });
    const said = `console.log('${main}', ...process.argv.slice(2)); process.exitCode = 3;`;
    await writeFile(join(folder, main), main.endsWith('.ts') ? `const typed: number = 1;\nvoid typed;\n${said}` : said);
  }
  return launcher;
}

/** The first Node in PATH that is too old for the product. */
function findOldNode(): string | undefined {
  const nodes = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'node'));
  return nodes.filter(existsSync).find((node) => {
    const major = Number(/^v(\d+)\./.exec(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout)?.[1]);
    return major >= 16 && major < 24;
  });
}

test('an installed package runs its JavaScript with the arguments and gives its exit code', async (t) => {
  const launcher = await installation(t, ['dist/main.js']);
  const result = await runProgram(process.execPath, [launcher, 'runs', 'list']);
  assert.deepEqual([result.stdout, result.code, result.stderr], ['dist/main.js runs list\n', 3, '']);
});

test('a checkout runs its sources, also beside a forgotten build', async (t) => {
  const launcher = await installation(t, ['src/main.ts', 'dist/main.js']);
  assert.equal((await runProgram(process.execPath, [launcher])).stdout, 'src/main.ts\n');
});

test('a copy without a main file says so', async (t) => {
  const result = await runProgram(process.execPath, [await installation(t, [])]);
  assert.equal(result.code, 2);
  assert.match(result.stderr, /^error: .*\nhint: .*\n$/);
});

test('on a Node that is too old it hands over to the pinned one', async (t) => {
  const old = findOldNode();
  if (old === undefined) return t.skip('every node in PATH is new enough');
  const launcher = await installation(t, ['src/main.ts']);
  if (!existsSync(join(root, 'node_modules', 'node', 'bin', 'node'))) return t.skip('the pinned Node is not installed');
  await symlink(join(root, 'node_modules'), join(launcher, '..', '..', 'node_modules'));
  const result = await runProgram(old, [launcher, '--json']);
  assert.deepEqual([result.stdout, result.code], ['src/main.ts --json\n', 3]);
});

test('on a Node that is too old and without the pinned one it is one clear error', async (t) => {
  const old = findOldNode();
  if (old === undefined) return t.skip('every node in PATH is new enough');
  const result = await runProgram(old, [await installation(t, ['src/main.ts'])]);
  assert.equal(result.code, 2);
  assert.match(result.stderr, /^error: needs Node \^24\.15\.0 or >=26, this is \d+\.\d+\.\d+\nhint: install Node 24/);
});
