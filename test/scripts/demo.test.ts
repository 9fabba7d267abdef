// The demo from end to end in a folder of its own: what it prints must be true, and its commands must work after it has
// stopped the service.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { GoldenLayouts } from '../../scripts/golden-layouts.ts';
import { findJudge } from '../judges.ts';
import { mustRun, runProgram } from '../support/run-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const root = join(import.meta.dirname, '..', '..');
const golden = JSON.parse(readFileSync(join(root, 'registry-fixtures/layouts/expected.json'), 'utf8')) as GoldenLayouts;

test('the demo publishes the golden digests, and the commands it prints last work without the service', async (t) => {
  const folder = join(await temporaryFolder(t, 'demo'), 'made');
  const said = await mustRun(process.execPath, ['scripts/demo.ts', '--folder', folder], { cwd: root });
  const digests = [
    golden['json-raw']?.tags['latest'],
    golden['mirror']?.tags['latest'],
    golden['mirror']?.tags['delta'],
  ];
  for (const digest of digests) assert.ok(said.includes(digest?.slice(0, 19) ?? '-'), said);
  assert.match(said, /^Every digest is the one that every machine gets/m);
  assert.match(said, /^verify +reference ok, tuf skipped, signature ok, log ok, provenance ok, .*set-root ok$/m);
  assert.ok(!existsSync(join(folder, 'data', 'service.json')), 'the service has ended');
  const commands = said.trimEnd().split('\n').slice(-5);
  for (const line of commands) {
    const [program = '', ...args] = line.trim().split(' ');
    const file = program === 'node' ? process.execPath : findJudge('oras');
    if (file === undefined) t.diagnostic(`not tried, oras is not here: ${line}`);
    else await mustRun(file, args, { cwd: root });
  }
  assert.match(commands.at(-1) ?? '', /export-center\.js verify/);
});

test('the demo removes no folder that it did not make', async (t) => {
  const folder = await temporaryFolder(t, 'demo');
  await mkdir(join(folder, 'mine'));
  await writeFile(join(folder, 'mine', 'notes.txt'), 'keep me');
  const result = await runProgram(process.execPath, ['scripts/demo.ts', '--folder', folder], { cwd: root });
  assert.equal(result.code, 1);
  assert.match(result.stderr, /^error: .* was not made by this command\nhint: /);
  assert.ok(existsSync(join(folder, 'mine', 'notes.txt')));
});
