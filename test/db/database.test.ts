// What every query stands on: both engines must answer the same.

import { AsyncLocalStorage } from 'node:async_hooks';
import assert from 'node:assert/strict';
import { padded, placeholderRows, placeholders, type Database } from '../../src/db/database.ts';
import { onEachEngine } from './engines.ts';

async function withTable(open: () => Promise<Database>): Promise<Database> {
  const db = await open();
  await db.execute('create table fact (id bigint not null primary key, text text, size bigint)');
  return db;
}

onEachEngine('parameters may come in any order and more than once', async (_t, { openEmpty }) => {
  const db = await withTable(openEmpty);
  await db.query('insert into fact (text, id, size) values ($3, $1, $2)', [1, 2 ** 52 + 1, 'a']);
  const rows = await db.query('select id, text, size from fact where id = $2 and (text = $1 or text = $1)', ['a', 1]);
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    [{ id: 1, text: 'a', size: 4503599627370497 }],
  );
});

onEachEngine('counts, sums and nulls come back as numbers and null', async (_t, { openEmpty }) => {
  const db = await withTable(openEmpty);
  const rows = await db.query('select count(*) as n, sum(size) as total from fact');
  assert.deepEqual({ ...rows[0] }, { n: 0, total: null });
  await db.query('insert into fact (id, text, size) values (1, $1, 5), (2, null, 6)', [null]);
  assert.deepEqual(
    { ...(await db.query('select count(*) as n, sum(size) as total, max(text) as t from fact'))[0] },
    {
      n: 2,
      total: 11,
      t: null,
    },
  );
});

onEachEngine('texts survive byte for byte', async (_t, { openEmpty }) => {
  const db = await withTable(openEmpty);
  const texts = [
    '',
    'NULL',
    '{"a":"\\u0000"}',
    '\\N\t\n\r',
    '\'quotes" $1 ?1',
    '\u2028\u{1F600}\uFEFFé',
    'x'.repeat(70_000),
  ];
  const rows = texts.map((text, index) => [index, text, text.length]);
  await db.insertMany({ table: 'fact', columns: { id: 'bigint', text: 'text', size: 'bigint' }, rows });
  const found = await db.query<{ text: string }>('select text from fact order by id');
  assert.deepEqual(
    found.map(({ text }) => text),
    texts,
  );
  const equal = await db.query('select id from fact where text = $1', [texts[5] ?? '']);
  assert.deepEqual(
    equal.map((row) => ({ ...row })),
    [{ id: 5 }],
  );
});

onEachEngine('a bulk insert is whole or nothing, and skips taken keys when asked', async (_t, { openEmpty }) => {
  const db = await withTable(openEmpty);
  const columns = { id: 'bigint', text: 'text' } as const;
  const many = Array.from({ length: 5_000 }, (_, id) => [id, `row ${id}`]);
  await db.insertMany({ table: 'fact', columns, rows: [[4_321, 'first']] });
  await assert.rejects(db.insertMany({ table: 'fact', columns, rows: many }), { code: 'CONFLICT' });
  assert.deepEqual({ ...(await db.query('select count(*) as n from fact'))[0] }, { n: 1 });
  await db.insertMany({ table: 'fact', columns, rows: many, skipConflicts: true });
  assert.deepEqual({ ...(await db.query('select count(*) as n from fact'))[0] }, { n: 5_000 });
  assert.deepEqual({ ...(await db.query('select text from fact where id = 4321'))[0] }, { text: 'first' });
  await db.insertMany({ table: 'fact', columns, rows: [] });
});

onEachEngine('a transaction that throws leaves nothing, and the next one works', async (_t, { openEmpty }) => {
  const db = await withTable(openEmpty);
  const failed = db.transaction(async (tx) => {
    await tx.query('insert into fact (id) values (1)');
    await tx.insertMany({ table: 'fact', columns: { id: 'bigint' }, rows: [[2]] });
    throw new Error('changed my mind');
  });
  await assert.rejects(failed, /changed my mind/);
  await assert.rejects(
    db.transaction((tx) => tx.query('insert into nowhere (id) values (1)')),
    { code: 'INTERNAL' },
  );
  const seen = await db.transaction(async (tx) => {
    await tx.query('insert into fact (id) values (3)');
    return tx.query('select id from fact');
  });
  assert.deepEqual(
    seen.map((row) => ({ ...row })),
    [{ id: 3 }],
  );
});

onEachEngine('writers wait for each other and readers see only what is committed', async (_t, { openEmpty }) => {
  const db = await withTable(openEmpty);
  await db.query('insert into fact (id, size) values (1, 0)');
  const outside = AsyncLocalStorage.snapshot();
  const add = (): Promise<void> =>
    db.transaction(async (tx) => {
      const [row] = await tx.query<{ size: number }>('update fact set size = size where id = 1 returning size');
      await tx.query('update fact set size = $1 where id = 1', [(row?.size ?? 0) + 1]);
    });
  const reads = db.transaction(async (tx) => {
    await tx.query('insert into fact (id) values (2)');
    // Started before the transaction, so that it is not inside it.
    const [row] = await outside(() => db.query('select count(*) as n from fact'));
    assert.deepEqual({ ...row }, { n: 1 });
  });
  await reads;
  await Promise.all(Array.from({ length: 25 }, add));
  assert.deepEqual({ ...(await db.query('select size from fact where id = 1'))[0] }, { size: 25 });
});

onEachEngine('a transaction that goes beside its handle is told', async (_t, { openEmpty }) => {
  const db = await withTable(openEmpty);
  for (const sql of ['insert into fact (id) values (1)', 'select id from fact']) {
    const wrong = db.transaction(async () => db.query(sql));
    await assert.rejects(wrong, /instead of its own handle/);
  }
  await assert.rejects(
    db.transaction(() => db.transaction(async () => undefined)),
    /instead of its own handle/,
  );
});

onEachEngine('lists of parameters are cut to few lengths', async (_t, { openEmpty }) => {
  const db = await withTable(openEmpty);
  await db.insertMany({ table: 'fact', columns: { id: 'bigint' }, rows: [[1], [2], [3], [4]] });
  assert.deepEqual([padded([]), padded([1]), padded([1, 2, 3])], [[], [1], [1, 2, 3, 3]]);
  assert.deepEqual([placeholders(2, 3), placeholderRows(1, 2, 2)], ['$2, $3, $4', '($1, $2), ($3, $4)']);
  const ids = padded([1, 3, 4]);
  const rows = await db.query(`select id from fact where id in (${placeholders(1, ids.length)}) order by id`, ids);
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    [{ id: 1 }, { id: 3 }, { id: 4 }],
  );
});
