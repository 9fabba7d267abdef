// What is PostgreSQL's own: connections that die and servers that restart.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { test } from 'node:test';
import postgres from 'postgres';
import type { ExportError } from '../../src/core/errors.ts';
import { faultOf, isLostSocket, postgresError } from '../../src/db/postgres-errors.ts';
import { openPostgres } from '../../src/db/postgres.ts';
import { judgeOrSkip } from '../judges.ts';
import { startPostgres } from '../support/postgres.ts';
import { runProgram } from '../support/run-program.ts';
import { emptyPostgres } from './engines.ts';

const source = new URL('../../src/db/', import.meta.url);

test('a transaction whose connection the server ends is run again, and the process lives on', async (t) => {
  if (judgeOrSkip(t, 'postgres') === undefined) return;
  const url = await emptyPostgres();
  // In a process of its own, because what is proven is that no uncaught exception ends it.
  const script = `
    import postgres from 'postgres';
    import { openPostgres } from ${JSON.stringify(new URL('postgres.ts', source).href)};
    import { installConnectionGuard } from ${JSON.stringify(new URL('postgres-guard.ts', source).href)};
    let dropped = 0;
    installConnectionGuard({ onDropped: () => dropped++, onFatal: (error) => { console.error(error); process.exit(1); } });
    // One connection: if its place in the pool were lost with it, the next round would wait for ever.
    const db = openPostgres(${JSON.stringify(url)}, { connections: 1 });
    const killer = postgres(${JSON.stringify(url)}, { max: 1 });
    await db.execute('create table fact (id bigint)');
    let attempts = 0;
    for (let round = 0; round < 5; round++) {
      let killed = false;
      await db.transaction(async (tx) => {
        attempts++;
        await tx.query('insert into fact (id) values ($1)', [round]);
        const [row] = await tx.query('select pg_backend_pid() as pid');
        if (!killed) {
          killed = true;
          await killer\`select pg_terminate_backend(\${row.pid})\`;
          for (;;) await tx.query('insert into fact (id) values (-1)');
        }
      });
    }
    console.log(JSON.stringify({ attempts, rows: (await db.query('select id from fact order by id')).map(({ id }) => id) }));
    await killer.end();
    await db.close();`;
  const folder = new URL('../../', import.meta.url);
  const result = await runProgram(process.execPath, ['--input-type=module', '-e', script], { cwd: folder.pathname });
  assert.equal(result.code, 0, result.stderr);
  assert.deepEqual(JSON.parse(result.stdout), { attempts: 10, rows: [0, 1, 2, 3, 4] });
});

test('work that is under way when the server is killed goes on when it is back', async (t) => {
  if (judgeOrSkip(t, 'postgres') === undefined) return;
  const server = await startPostgres(t);
  const db = openPostgres(await server.createDatabase('restarted'));
  t.after(() => db.close());
  await db.execute('create table fact (id bigint)');
  await server.kill();
  const read = db.query('select count(*) as n from fact');
  const written = db.transaction((tx) => tx.query('insert into fact (id) values (1)'));
  await server.start();
  assert.equal((await read).length, 1);
  await written;
  assert.deepEqual({ ...(await db.query('select count(*) as n from fact'))[0] }, { n: 1 });
});

test('a server that ends each connection at its first question is one that is away, and nothing is left uncaught', async (t) => {
  const uncaught: unknown[] = [];
  const note = (reason: unknown): void => void uncaught.push(reason);
  process.on('unhandledRejection', note);
  t.after(() => process.off('unhandledRejection', note));
  const authenticated = Buffer.from('R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I', 'latin1');
  let questions = 0;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write(authenticated);
      socket.once('data', () => {
        questions++;
        socket.destroy();
      });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const db = openPostgres(`postgres://nobody@127.0.0.1:${port}/none`, { patienceMs: 200 });
  const error = { code: 'DATABASE_UNAVAILABLE', retryable: true };
  await Promise.all([
    assert.rejects(db.query('select 1'), error),
    assert.rejects(
      db.transaction((tx) => tx.query('select 1')),
      error,
    ),
  ]);
  await db.close();
  assert.ok(questions >= 2);
  assert.deepEqual(uncaught, []);
});

test('a server that stays away is an error that may be tried again', async () => {
  const db = openPostgres('postgres://nobody@127.0.0.1:1/none', { patienceMs: 100 });
  const error = { code: 'DATABASE_UNAVAILABLE', retryable: true };
  await assert.rejects(db.query('select 1'), error);
  await assert.rejects(
    db.transaction(async () => undefined),
    error,
  );
  await db.close();
});

test('an address that is none is told without the secret in it', () => {
  for (const url of ['nonsense', 'mysql://root:hunter2@db/x', 'db.example:5432/x?password=hunter2', '']) {
    assert.throws(
      () => openPostgres(url),
      (error: ExportError) => error.code === 'USAGE' && error.hint !== undefined && !error.message.includes('hunter2'),
    );
  }
});

test('a database or user that is refused is an error without the password', async (t) => {
  if (judgeOrSkip(t, 'postgres') === undefined) return;
  const url = new URL(await emptyPostgres());
  url.password = 'hunter2';
  url.pathname = '/nowhere';
  const db = openPostgres(url.href);
  t.after(() => db.close());
  await assert.rejects(db.query('select 1'), (error: Error & { code: string; retryable: boolean }) => {
    assert.deepEqual([error.code, error.retryable], ['DATABASE_UNAVAILABLE', false]);
    assert.doesNotMatch(`${error.message} ${error.stack ?? ''}`, /hunter2/);
    return true;
  });
});

test('two transactions that lock each other out both end', async (t) => {
  if (judgeOrSkip(t, 'postgres') === undefined) return;
  const db = openPostgres(await emptyPostgres());
  t.after(() => db.close());
  await db.execute('create table fact (id bigint primary key, n bigint); insert into fact values (1, 0), (2, 0)');
  const both = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const lockBoth = async (mine: number, other: number): Promise<void> => {
    await db.transaction(async (tx) => {
      await tx.query('update fact set n = n + 1 where id = $1', [mine]);
      both[mine - 1]?.resolve();
      await Promise.all(both.map(({ promise }) => promise));
      await tx.query('update fact set n = n + 1 where id = $1', [other]);
    });
  };
  await Promise.all([lockBoth(1, 2), lockBoth(2, 1)]);
  const rows = await db.query<{ n: number }>('select n from fact');
  assert.deepEqual(
    rows.map(({ n }) => n),
    [2, 2],
  );
});

test('a write whose answer was lost is not done twice', async (t) => {
  if (judgeOrSkip(t, 'postgres') === undefined) return;
  const url = await emptyPostgres();
  const db = openPostgres(url, { connections: 1 });
  const killer = postgres(url, { max: 1 });
  t.after(() => Promise.all([db.close(), killer.end()]));
  await db.execute('create table fact (id bigint)');
  const [{ pid } = { pid: 0 }] = await db.query<{ pid: number }>('select pg_backend_pid() as pid');
  const slow = db.query('insert into fact (id) select 1 from pg_sleep(30)');
  const sleeping = async (): Promise<boolean> => {
    const rows = await killer`select 1 from pg_stat_activity where pid = ${pid} and wait_event = 'PgSleep'`;
    return rows.length > 0;
  };
  const lost = assert.rejects(slow, { code: 'DATABASE_UNAVAILABLE', retryable: true });
  while (!(await sleeping())) await pause(5);
  await killer`select pg_terminate_backend(${pid})`;
  await lost;
  assert.deepEqual(await db.query('select id from fact'), []);
});

test("what the driver makes of a socket that is gone counts as a lost connection, and nothing else's TypeError", () => {
  const thrownAt = (...frames: string[]): TypeError => {
    const error = new TypeError("Cannot read properties of null (reading 'write')");
    error.stack = [`TypeError: ${error.message}`, ...frames.map((frame) => `    at ${frame}`)].join('\n');
    return error;
  };
  const driver = 'nextWrite (file:///srv/app/node_modules/postgres/src/connection.js:255:22)';
  const own = 'commit (file:///srv/app/src/db/evidence-commit.ts:40:3)';
  assert.deepEqual([faultOf(thrownAt(driver, own)), isLostSocket(thrownAt(driver))], ['connection-lost', true]);
  assert.deepEqual([faultOf(thrownAt(own, driver)), isLostSocket(thrownAt(own, driver))], ['other', false]);
  assert.equal(isLostSocket(new Error(driver)), false);
});

test('errors of the server have the codes of the product', () => {
  const told = (code: string): string => postgresError(Object.assign(new Error('x'), { code })).code;
  assert.deepEqual(['23505', '53100', '57P01', '08006', '28P01', '3D000', '42P01'].map(told), [
    'CONFLICT',
    'STORAGE_FULL',
    'DATABASE_UNAVAILABLE',
    'DATABASE_UNAVAILABLE',
    'DATABASE_UNAVAILABLE',
    'DATABASE_UNAVAILABLE',
    'INTERNAL',
  ]);
  const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  assert.equal(faultOf(new AggregateError([refused])), 'not-connected');
  assert.equal(faultOf(Object.assign(new Error('deadlock'), { code: '40P01' })), 'try-again');
});
