// What is SQLite's own: several processes on one file, locks, damaged files.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { SqliteThread } from '../../src/db/sqlite-thread.ts';
import { openSqlite } from '../../src/db/sqlite.ts';
import { mustRun } from '../support/run-program.ts';
import { sqliteFile } from './engines.ts';

const source = new URL('../../src/', import.meta.url);

test('several processes write to one file, and nothing is lost', async (t) => {
  const file = await sqliteFile(t);
  const script = `
    import { openSqlite } from ${JSON.stringify(new URL('db/sqlite.ts', source).href)};
    const db = await openSqlite(${JSON.stringify(file)});
    await db.execute('create table if not exists count (id bigint not null primary key, n bigint not null)');
    await db.query('insert into count (id, n) values (1, 0) on conflict do nothing');
    for (let i = 0; i < 40; i++) await db.transaction(async (tx) => {
      const [row] = await tx.query('select n from count where id = 1');
      await tx.query('update count set n = $1 where id = 1', [row.n + 1]);
    });
    await db.close();`;
  const runs = [1, 2, 3].map(() => mustRun(process.execPath, ['--input-type=module', '-e', script]));
  await Promise.all(runs);
  const db = new DatabaseSync(file, { readOnly: true });
  t.after(() => db.close());
  assert.deepEqual({ ...db.prepare('select n from count').get() }, { n: 120 });
  assert.deepEqual({ ...db.prepare('pragma journal_mode').get() }, { journal_mode: 'wal' });
});

test('a lock of another process that lasts too long is an error that says so', async (t) => {
  const file = await sqliteFile(t);
  const db = await openSqlite(file, { busyTimeoutMs: 50 });
  t.after(() => db.close());
  await db.execute('create table fact (id bigint)');
  const other = new DatabaseSync(file);
  other.exec('begin immediate');
  const error = { code: 'DATABASE_UNAVAILABLE', retryable: true, message: /another process holds the database/ };
  await assert.rejects(db.query('insert into fact (id) values (1)'), error);
  await assert.rejects(
    db.transaction(async () => undefined),
    error,
  );
  assert.deepEqual(await db.query('select id from fact'), [], 'readers are not held up');
  other.exec('rollback');
  other.close();
  await db.query('insert into fact (id) values (2)');
});

test('a file that is no database is an error that says so', async (t) => {
  const file = await sqliteFile(t);
  await writeFile(file, 'this is not a database, but long enough to have a header '.repeat(200));
  const db = await openSqlite(file);
  t.after(() => db.close());
  await assert.rejects(db.query('select 1'), { code: 'STORAGE_FAILED', message: /is damaged/ });
});

test('a folder that is not there is an error that says so', async () => {
  await assert.rejects(openSqlite('/nonexistent/folder/center.db'), { code: 'STORAGE_FAILED' });
});

test('a reader refuses to write', async (t) => {
  const db = await openSqlite(await sqliteFile(t));
  t.after(() => db.close());
  await db.execute('create table fact (id bigint)');
  await assert.rejects(db.query('with x as (select 1 as id) insert into fact select id from x'), {
    code: 'STORAGE_FAILED',
  });
});

test('a program that only asked a question ends without closing', async (t) => {
  const file = await sqliteFile(t);
  const script = `
    import { openSqlite } from ${JSON.stringify(new URL('db/sqlite.ts', source).href)};
    const db = await openSqlite(${JSON.stringify(file)});
    console.log(JSON.stringify(await db.query('select 1 as one')));`;
  const stdout = await mustRun(process.execPath, ['--input-type=module', '-e', script]);
  assert.equal(stdout.trim(), '[{"one":1}]');
});

test('a transaction does not go on when its thread has died', async (t) => {
  const file = await sqliteFile(t);
  const thread = new SqliteThread({ file, role: 'writer', busyTimeoutMs: 1_000 });
  await thread.ask({ kind: 'execute', script: 'create table fact (id bigint)' });
  const transaction = thread.bound();
  await transaction({ kind: 'execute', script: 'begin immediate; insert into fact values (1)' });
  await thread.close();
  const late = transaction({ kind: 'execute', script: 'insert into fact values (2)' });
  await assert.rejects(late, /ended inside a transaction/);
  assert.deepEqual(await thread.ask({ kind: 'query', sql: 'select id from fact', params: [] }), []);
  await assert.rejects(late, /ended inside a transaction/);
  await thread.close();
});

test('the handle of a transaction is good for nothing afterwards', async (t) => {
  const db = await openSqlite(await sqliteFile(t));
  t.after(() => db.close());
  await db.execute('create table fact (id bigint)');
  const handle = await db.transaction(async (tx) => ({ tx }));
  await assert.rejects(handle.tx.query('insert into fact (id) values (1)'), /the transaction has ended/);
  assert.deepEqual(await db.query('select id from fact'), []);
});
