// A database is brought to this program's version once, and never by guessing.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { systemClock } from '../../src/core/clock.ts';
import { migrate } from '../../src/db/migrate.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { onEachEngine } from './engines.ts';

const first = 'create table a (id bigint not null primary key, name text not null /*bytewise*/);\n';
const second = 'create table b (id bigint not null primary key);\ninsert into b (id) values (7);\n';

async function folderOf(t: TestContext, files: Record<string, string>): Promise<URL> {
  const folder = join(await temporaryFolder(t, 'migrations'), 'sql');
  await mkdir(folder);
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return pathToFileURL(`${folder}/`);
}

onEachEngine('every file runs once, even when several programs start together', async (t, engine) => {
  const folder = await folderOf(t, { '0002_b.sql': second, '0001_a.sql': first, 'README.md': 'no migration' });
  const opened = await Promise.all([1, 2, 3, 4].map(() => engine.openEmpty()));
  const versions = await Promise.all(opened.map((db) => migrate(db, systemClock, folder)));
  assert.deepEqual(versions, [2, 2, 2, 2]);
  const recorded = await opened[0]?.query<{ name: string }>('select name from schema_migration order by version');
  assert.deepEqual(
    recorded?.map(({ name }) => name),
    ['0001_a.sql', '0002_b.sql'],
  );
  assert.equal((await opened[3]?.query('select id from b'))?.length, 1);
});

onEachEngine('a file that changed after it was applied is refused by name', async (t, engine) => {
  const db = await engine.openEmpty();
  await migrate(db, systemClock, await folderOf(t, { '0001_a.sql': first }));
  const changed = await folderOf(t, { '0001_a.sql': `${first}-- harmless\n`, '0002_b.sql': second });
  await assert.rejects(migrate(db, systemClock, changed), { code: 'CONFLICT', message: /0001_a\.sql/ });
  await assert.rejects(db.query('select id from b'));
});

onEachEngine('a database of a newer program is refused with both versions', async (t, engine) => {
  const db = await engine.openEmpty();
  await migrate(db, systemClock, await folderOf(t, { '0001_a.sql': first, '0002_b.sql': second }));
  const older = await folderOf(t, { '0001_a.sql': first });
  const message = 'the database has version 2, this program knows versions up to 1';
  await assert.rejects(migrate(db, systemClock, older), { code: 'CONFLICT', message });
});

onEachEngine('a migration that fails leaves nothing behind', async (t, engine) => {
  const db = await engine.openEmpty();
  const broken = await folderOf(t, { '0001_a.sql': first, '0002_b.sql': `${second}insert into nowhere values (1);` });
  await assert.rejects(migrate(db, systemClock, broken));
  await assert.rejects(db.query('select id from a'));
  assert.equal(await migrate(db, systemClock, await folderOf(t, { '0001_a.sql': first, '0002_b.sql': second })), 2);
});

onEachEngine('keys sort by bytes and not by the rules of a language', async (_t, engine) => {
  const db = await engine.open();
  const names = ['a', 'B', 'ä', 'é', '\u{1F600}', '\uFF5E', 'a-b', 'a_b', 'ab'];
  const rows = names.map((name) => [1, 'raw', 'osv/x', name, 'x', name, 0, '', 0, '', '[]', '', 1]);
  const columns = {
    tenant: 'bigint',
    view: 'text',
    c: 'text',
    k: 'text',
    source: 'text',
    path: 'text',
    place: 'bigint',
    digest: 'text',
    size: 'bigint',
    doc_id: 'text',
    ecosystems: 'text',
    stamp: 'text',
    from_seq: 'bigint',
  } as const;
  await db.insertMany({ table: 'entry', columns, rows });
  const sorted = await db.query<{ k: string }>('select k from entry order by c, k');
  const want = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  assert.deepEqual(
    sorted.map(({ k }) => k),
    want,
  );
});

test('a second start reads and writes nothing', async (t) => {
  const folder = await folderOf(t, { '0001_a.sql': first });
  const { openSqlite } = await import('../../src/db/sqlite.ts');
  const db = await openSqlite(join(await temporaryFolder(t), 'x.db'));
  t.after(() => db.close());
  await migrate(db, systemClock, folder);
  const transaction = t.mock.method(db, 'transaction');
  assert.equal(await migrate(db, systemClock, folder), 1);
  assert.equal(transaction.mock.callCount(), 0);
});
