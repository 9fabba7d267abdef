// The throw-away servers that other tests stand on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import postgres from 'postgres';
import { judgeOrSkip } from '../judges.ts';
import { startDistribution } from './distribution.ts';
import { startPostgres } from './postgres.ts';
import { mustRun, runProgram } from './run-program.ts';
import { atEnd } from './scope.ts';
import { startProgram } from './start-program.ts';

test('a registry answers on the port that it chose itself', async (t) => {
  if (judgeOrSkip(t, 'registry') === undefined) return;
  const { url } = await startDistribution(t);
  const answer = await fetch(`${url}/v2/`);
  assert.equal(answer.status, 200);
});

test('a PostgreSQL server keeps what was committed when it is killed and started again', async (t) => {
  if (judgeOrSkip(t, 'postgres') === undefined) return;
  const server = await startPostgres(t);
  const url = await server.createDatabase('kept');
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  t.after(() => sql.end());
  await sql`create table fact (id int primary key)`;
  await sql`insert into fact values (7)`;
  await server.kill();
  await server.start();
  assert.deepEqual([...(await sql`select id from fact`)], [{ id: 7 }]);
});

test('a program that ends before it is ready is reported with its output', async (t) => {
  const script = 'console.error("no such disk"); process.exit(3)';
  const started = startProgram(t, process.execPath, ['-e', script], { ready: /ready/ });
  await assert.rejects(started, /ended before it was ready \(3\)\nno such disk/);
});

test('a program that is not there is an error, not a hang', async (t) => {
  await assert.rejects(startProgram(t, '/nonexistent/program', [], { ready: /ready/ }), /ENOENT/);
  await assert.rejects(runProgram('/nonexistent/program', []), /ENOENT/);
});

test('an exit code is a result of runProgram and an error of mustRun', async () => {
  const args = ['-e', 'process.stdin.pipe(process.stdout); process.exitCode = 5'];
  const result = await runProgram(process.execPath, args, { input: 'said' });
  assert.deepEqual([result.code, result.stdout], [5, 'said']);
  await assert.rejects(mustRun(process.execPath, args, { input: 'said' }), /exited with 5\nsaid/);
});

test('what a test started last ends first, and everything ends', async () => {
  const hooks: (() => void | Promise<void>)[] = [];
  const scope = { after: (hook: () => void | Promise<void>) => void hooks.push(hook) };
  const order: string[] = [];
  atEnd(scope, () => void order.push('folder'));
  atEnd(scope, () => Promise.reject(new Error('would not stop')));
  atEnd(scope, () => void order.push('client'));
  await assert.rejects(async () => hooks[0]?.(), /would not stop/);
  assert.deepEqual([hooks.length, ...order], [1, 'client', 'folder']);
});
