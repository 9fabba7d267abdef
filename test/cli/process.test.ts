// The program as a process: pipes that close, keys that interrupt, words that come out where they should.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { childEnvironment } from '../support/run-program.ts';
import { exportCenterJson, runExportCenter } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const launcher = join(import.meta.dirname, '../../bin/export-center.js');
const day1 = join(import.meta.dirname, '../../registry-fixtures/osv/day-1.jsonl.gz');

async function listening(t: TestContext, server: Server): Promise<string> {
  t.after(() => void server.close());
  t.after(() => server.closeAllConnections());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function start(args: readonly string[]) {
  const child = spawn(process.execPath, [launcher, ...args], { env: childEnvironment() });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return { child, stderr: () => stderr, ended: once(child, 'close') as Promise<[number | null, string | null]> };
}

describe('the program as a process', () => {
  test('without a word it shows its help and ends with 2', async () => {
    const { code, stdout, stderr } = await runExportCenter([]);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^Usage: export-center/);
  });

  test('an unknown option ends with 2 and one JSON document', async () => {
    const { code, stdout, stderr } = await runExportCenter(['runs', 'list', '--jsno', '--json']);
    assert.equal(code, 2);
    assert.equal((JSON.parse(stdout) as { error: { code: string } }).error.code, 'USAGE');
    assert.match(stderr, /^error: unknown option '--jsno'\nhint: did you mean --json\? see /);
  });

  test('evidence is shown byte for byte, alone on stdout', async (t) => {
    const data = ['--data', await temporaryFolder(t, 'data')];
    await exportCenterJson(['ingest', 'osv', day1, ...data]);
    const [first = ''] = gunzipSync(await readFile(day1))
      .toString('utf8')
      .split('\n');
    const { source, path, text } = JSON.parse(first) as { source: string; path: string; text: string };
    const shown = await runExportCenter(['evidence', 'show', `osv/${source}`, path, ...data]);
    assert.deepEqual(shown, { code: 0, signal: null, stdout: text, stderr: '' });
    const missing = await runExportCenter(['evidence', 'show', 'osv/go', 'none.json', ...data]);
    assert.deepEqual([missing.code, missing.stdout], [5, '']);
  });

  test('Ctrl-C ends an ingest that waits for its source', async (t) => {
    const asked = Promise.withResolvers<void>();
    const url = await listening(
      t,
      createServer(() => asked.resolve()),
    );
    const { child, ended, stderr } = start(['ingest', 'osv', `${url}/all.zip`, '--data', await temporaryFolder(t)]);
    await asked.promise;
    child.kill('SIGINT');
    assert.deepEqual(await ended, [1, null]);
    assert.match(stderr(), /^error: cancelled\nhint: .+\n$/);
  });

  test('Ctrl-C ends a command that waits for a service', async (t) => {
    const asked = Promise.withResolvers<void>();
    const url = await listening(
      t,
      createServer(() => asked.resolve()),
    );
    process.env['EXPORT_CENTER_TOKEN'] = 'x';
    t.after(() => delete process.env['EXPORT_CENTER_TOKEN']);
    const { child, ended, stderr } = start(['runs', 'list', '--server', url]);
    await asked.promise;
    child.kill('SIGINT');
    assert.deepEqual(await ended, [1, null]);
    assert.match(stderr(), /^error: cancelled\nhint: .+\n$/);
  });

  test('when the reader goes away it ends without a word', async (t) => {
    const data = ['--data', join(await temporaryFolder(t, 'data'), 'd')];
    await exportCenterJson(['ingest', 'osv', day1, ...data]);
    const { child, ended, stderr } = start(['evidence', 'list', '--json', ...data]);
    child.stdout.destroy();
    assert.deepEqual(await ended, [0, null]);
    assert.equal(stderr(), '');
  });
});
