// What an ingest does to the state, on both engines: one commit, one sequence number, the last good version kept.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Clock } from '../../src/core/clock.ts';
import type { View } from '../../src/evidence/types.ts';
import { onEachEngine } from '../db/engines.ts';
import { jsonl, osv, testStore, type TestStore } from './store.ts';

const noon: Clock = { now: () => new Date('2026-07-15T12:00:00Z') };

async function changesOf(store: TestStore['store'], view: View, from: number, to: number): Promise<string[]> {
  const found: string[] = [];
  for await (const page of store.changes(view, from, to)) {
    for (const { k, before, after } of page) found.push(`${before ? '-' : ''}${after ? '+' : ''}${k}`);
  }
  return found;
}

onEachEngine('changes are counted, and only what changes something gets a number', async (t, engine) => {
  const { ingest, file, store, texts } = await testStore(t, await engine.open());
  assert.equal(await store.sequence(), 0);
  const first = await ingest(await file('1.jsonl', jsonl(['a', 'b', 'c'].map((n) => ({ path: n, text: osv(n) })))));
  assert.deepEqual(first, {
    source: 'feed',
    sequence: 1,
    added: 3,
    changed: 0,
    removed: 0,
    unchanged: 0,
    rejected: [],
    warnings: [],
  });
  const again = await ingest(join(await file('1.jsonl', jsonl([{ path: 'a', text: osv('a') }]))));
  assert.deepEqual([again.sequence, again.unchanged, await store.sequence()], [1, 1, 1]);
  const lines = [
    { op: 'put', path: 'a', text: osv('a2') },
    { op: 'del', path: 'b' },
    { op: 'del', path: 'never' },
    { op: 'put', path: 'c', text: osv('c') },
    { op: 'put', path: 'd', text: osv('d') },
  ];
  const second = await ingest(await file('2.jsonl', jsonl(lines)));
  assert.deepEqual([second.sequence, second.added, second.changed, second.removed, second.unchanged], [2, 1, 1, 1, 1]);
  assert.deepEqual(await texts(), { ':a': osv('a2'), ':c': osv('c'), ':d': osv('d') });
  assert.deepEqual(await changesOf(store, 'record', 1, 2), ['-+a', '-b', '+d']);
  const third = await ingest(await file('3.jsonl', jsonl([{ path: 'a', text: osv('a') }])));
  assert.equal(third.sequence, 3);
  assert.deepEqual(await changesOf(store, 'raw', 1, 3), ['-b', '+d'], 'a changed and changed back');
});

onEachEngine('the record view keeps still when only the form of a text changes', async (t, engine) => {
  const { ingest, file, store } = await testStore(t, await engine.open());
  await ingest(await file('1.jsonl', jsonl([{ path: 'a', text: '{"id":"a","modified":"2026-01-01T00:00:00Z"}' }])));
  const text = '{ "modified": "2026-01-01T00:00:00Z",\n "id": "a" }\n';
  const result = await ingest(await file('2.jsonl', jsonl([{ path: 'a', text }])));
  assert.deepEqual([result.changed, result.sequence], [1, 2]);
  assert.deepEqual([await changesOf(store, 'raw', 1, 2), await changesOf(store, 'record', 1, 2)], [['-+a'], []]);
});

onEachEngine('a refused document keeps its last good version and counts as present', async (t, engine) => {
  const { ingest, file, texts, store } = await testStore(t, await engine.open());
  await ingest(await file('1.jsonl', jsonl(['a', 'b', 'c'].map((n) => ({ path: n, text: osv(n) })))));
  const broken = [
    { path: 'a', text: '{' },
    { path: 'b', text: osv('b') },
    { path: 'n', text: '[]' },
  ];
  const result = await ingest(await file('2.jsonl', jsonl(broken)), { sync: true });
  assert.deepEqual([result.removed, result.unchanged, result.sequence], [1, 1, 2]);
  assert.deepEqual(Object.keys(await texts()), [':a', ':b']);
  assert.deepEqual((await store.document('feed', 'a')).text, osv('a'));
  assert.deepEqual(await rejected(store), ['not-json feed a', 'wrong-type feed n']);
  await ingest(
    await file(
      '3.jsonl',
      jsonl([
        { path: 'a', text: osv('a') },
        { op: 'del', path: 'n' },
      ]),
    ),
  );
  assert.deepEqual(await rejected(store), [], 'an unchanged document ends its refusal, and so does a removal');
});

async function rejected(store: TestStore['store']): Promise<string[]> {
  const found: string[] = [];
  for await (const page of store.rejections()) {
    for (const { code, source, path } of page) found.push(`${code} ${source} ${path}`);
  }
  return found;
}

onEachEngine('refusals of an input are those of its last time', async (t, engine) => {
  const { ingest, file, store } = await testStore(t, await engine.open());
  const bad = await file('bad.jsonl', jsonl(['nonsense', { path: 'x', text: '{' }, { path: 'x', text: '{' }]));
  assert.equal((await ingest(bad)).rejected.length, 3);
  await ingest(await file('other.jsonl', jsonl([{ path: 'y', text: '{' }])));
  assert.deepEqual(await rejected(store), ['bad-line feed line 1', 'not-json feed x', 'not-json feed y']);
  await ingest(await file('bad.jsonl', jsonl([{ path: 'z', text: osv('z') }])));
  assert.deepEqual(await rejected(store), ['not-json feed y']);
});

onEachEngine('a sync removes what is gone, but not half of a source by mistake', async (t, engine) => {
  const { ingest, file, texts, store } = await testStore(t, await engine.open());
  const lines = (names: string[]): string => jsonl(names.map((path) => ({ path, text: osv(path) })));
  await ingest(await file('other.jsonl', lines(['x', 'y'])), { source: 'other' });
  await ingest(await file('1.jsonl', lines(['a', 'b', 'c', 'd'])));
  const half = await ingest(await file('2.jsonl', lines(['c', 'd'])), { sync: true });
  assert.deepEqual([half.removed, half.unchanged], [2, 2]);
  const refused = ingest(await file('3.jsonl', lines(['e'])), { sync: true });
  await assert.rejects(refused, { code: 'INPUT_INVALID', hint: /--allow-shrink/ });
  assert.deepEqual(
    [Object.keys(await texts()).filter((key) => key.startsWith(':')), await store.sequence()],
    [[':c', ':d'], 3],
  );
  const allowed = await ingest(await file('3.jsonl', lines(['e'])), { sync: true, allowShrink: true });
  assert.deepEqual([allowed.added, allowed.removed], [1, 2]);
  assert.equal((await store.sources()).find(({ source }) => source === 'other')?.documents, 2);
});

onEachEngine('stamps later than a day after the ingest do not count', async (t, engine) => {
  const { ingest, file, store } = await testStore(t, await engine.open(), noon);
  const dated = (path: string, modified: string) => ({ path, text: JSON.stringify({ id: path, modified }) });
  const lines = [
    dated('edge', '2026-07-16T12:00:00.9Z'),
    dated('future', '2026-07-16T12:00:01Z'),
    dated('old', '0001-01-01T00:00:00Z'),
    dated('odd', 'yesterday'),
  ];
  const result = await ingest(await file('1.jsonl', jsonl(lines)));
  assert.match(
    result.warnings.map(({ path, message }) => `${path} ${message}`).join('\n'),
    /^future dated in the future/,
  );
  const stamps: string[] = [];
  for await (const page of store.newestEntries('record', 1))
    for (const { k, stamp } of page) stamps.push(`${k} ${stamp}`);
  assert.deepEqual(stamps, ['edge 2026-07-16T12:00:00Z', 'old 0001-01-01T00:00:00Z', 'odd ', 'future ']);
  assert.equal((await store.sources())[0]?.newestModified, '2026-07-16T12:00:00Z');
});

onEachEngine('the same documents in other batches give the same state', async (t: TestContext, engine) => {
  const db = await engine.open();
  const lines = Array.from({ length: 60 }, (_, i) => ({
    path: `${i % 50}.json`,
    text: i % 7 === 0 ? '{' : osv(`A-${i}`),
  }));
  const states: string[] = [];
  for (const [index, documents] of [1, 7, 1_000].entries()) {
    const { ingest, file, store } = await testStore(t, db);
    const source = `feed${index}`;
    const result = await ingest(
      await file('x.jsonl', jsonl(lines)),
      { source },
      { batch: { documents, bytes: 1 << 20 } },
    );
    const summary = (await store.sources()).find((found) => found.source === source);
    states.push(
      JSON.stringify([summary?.stateSha256.length, summary?.documents, result.added, result.rejected.length]),
    );
    const digests: string[] = [];
    for await (const page of store.entries('raw', result.sequence)) {
      for (const entry of page) if (entry.c === `osv/${source}`) digests.push(entry.k + entry.digest + entry.stamp);
    }
    states[index] += digests.join();
  }
  assert.deepEqual(states, [states[0], states[0], states[0]]);
});

onEachEngine('licence and attribution stay until they are said anew', async (t, engine) => {
  const { ingest, file, store } = await testStore(t, await engine.open());
  const input = await file('1.jsonl', jsonl([{ path: 'a', source: 'go', text: osv('a') }]));
  await ingest(input, { licence: 'CC-BY-4.0', attribution: 'The Authors' });
  await ingest(input, { licence: 'CC0-1.0' });
  assert.deepEqual(await store.attributions(), [{ source: 'feed', licence: 'CC0-1.0', attribution: 'The Authors' }]);
  const [summary] = await store.sources();
  assert.deepEqual(summary?.subSources, [{ source: 'feed/go', documents: 1 }]);
  assert.equal((await store.document('feed/go', 'a')).id, 'a');
  await assert.rejects(store.document('feed', 'a'), { code: 'NOT_FOUND' });
});

onEachEngine('ingests at the same time end one after the other, also into one source', async (t, engine) => {
  const { ingest, file, store, texts } = await testStore(t, await engine.open());
  const put = async (name: string, source: string, text: string) => {
    return ingest(
      await file(
        `${name}.jsonl`,
        jsonl([
          { path: name, text },
          { path: 'both', text },
        ]),
      ),
      { source },
    );
  };
  const results = await Promise.all([
    put('a', 'feed', osv('A')),
    put('b', 'feed', osv('B')),
    put('c', 'feed', osv('C')),
    put('d', 'other', osv('D')),
  ]);
  assert.deepEqual(
    results.map(({ sequence }) => sequence).toSorted((x, y) => x - y),
    [1, 2, 3, 4],
  );
  const held = await texts();
  assert.deepEqual([held[':a'], held[':b'], held[':c']], [osv('A'), osv('B'), osv('C')]);
  const last = results.slice(0, 3).toSorted((x, y) => y.sequence - x.sequence)[0];
  assert.deepEqual([last?.added, last?.changed], [1, 1]);
  const added = results.slice(0, 3).reduce((sum, result) => sum + result.added, 0);
  assert.equal(added, 4, 'the shared path was added once');
  assert.equal((await store.sources()).length, 2);
});

onEachEngine('a cancelled ingest leaves nothing', async (t, engine) => {
  const { ingest, file, store } = await testStore(t, await engine.open());
  const lines = Array.from({ length: 50 }, (_, i) => ({ path: `${i}`, text: osv(`A-${i}`) }));
  const controller = new AbortController();
  const cancelled = ingest(await file('x.jsonl', jsonl(lines)), undefined, {
    signal: controller.signal,
    batch: { documents: 10, bytes: 1 << 20 },
    onProgress: () => controller.abort(),
  });
  await assert.rejects(cancelled, { code: 'CANCELLED' });
  assert.deepEqual([await store.sequence(), await store.sources()], [0, []]);
});

onEachEngine('progress tells documents and bytes', async (t, engine) => {
  const { ingest, file } = await testStore(t, await engine.open());
  const text = jsonl(Array.from({ length: 30 }, (_, i) => ({ path: `${i}`, text: osv(`A-${i}`) })));
  const seen: number[] = [];
  await ingest(await file('x.jsonl', text), undefined, {
    batch: { documents: 10, bytes: 1 << 20 },
    onProgress: ({ documents, bytes, totalBytes }) => {
      seen.push(documents);
      assert.deepEqual([bytes, totalBytes], [text.length, text.length]);
    },
  });
  assert.deepEqual(seen, [10, 20, 30]);
});
