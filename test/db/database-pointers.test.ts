// What the evidence points to now, on both engines: closed pointers and other documents do not count.

import assert from 'node:assert/strict';
import { allPointers, hasRunAtWork } from '../../src/db/database-pointers.ts';
import { jsonl, osv, testStore } from '../evidence/store.ts';
import { onEachEngine } from './engines.ts';

const digestOf = (digit: string): string => `sha256:${digit.repeat(64)}`;

const pointer = (digit: string): string =>
  JSON.stringify({
    schema: 1,
    format: 'trivy-db',
    origin: { kind: 'file' },
    layerDigest: digestOf(digit),
    metadata: { version: 2, updatedAt: '2026-07-01T00:00:00Z' },
    state: { setRoot: digestOf(digit), records: Number(digit) },
    shards: { repository: 'overlay', digest: digestOf(digit) },
    leftOut: [],
  });

onEachEngine('the pointers of all sources as they stand, and no others', async (t, engine) => {
  const db = await engine.open();
  const { ingest, file, store } = await testStore(t, db);
  assert.deepEqual(await allPointers(db, 'default'), []);
  await ingest(await file('osv.jsonl', jsonl([{ path: 'trivy-db.json', text: osv('A') }])));
  const take = async (source: string, digit: string): Promise<void> => {
    const lines = jsonl([{ path: 'trivy-db.json', text: pointer(digit) }]);
    await ingest(await file(`${source}-${digit}.jsonl`, lines), { source, format: 'trivy-db' });
  };
  await take('one', '1');
  await take('one', '2');
  await take('two', '3');
  const found = (await allPointers(db, 'default')).map(({ shards }) => shards.digest);
  assert.deepEqual(found.sort(), [digestOf('2'), digestOf('3')]);
  const [, one] = await store.sources();
  assert.deepEqual(one?.databases, [{ format: 'trivy-db', records: 2, layerDigest: digestOf('2') }]);
  assert.equal(one.newestModified, '2026-07-01T00:00:00Z');
  const gone = await file('gone.jsonl', jsonl([{ op: 'del', path: 'trivy-db.json' }]));
  await ingest(gone, { source: 'one', format: 'trivy-db' });
  assert.equal((await allPointers(db, 'default')).length, 1);
  assert.equal(await hasRunAtWork(db, 'default'), false);
});
