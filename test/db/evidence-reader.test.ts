// States by sequence number: what was read once is read again, and changes are the difference of two states.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { EvidenceStore } from '../../src/db/evidence.ts';
import type { Entry, View } from '../../src/evidence/types.ts';
import { jsonl, osv, testStore, type InputLine } from '../evidence/store.ts';
import { onEachEngine } from './engines.ts';

/** Small and repeatable; the numbers need no quality. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * sides);
  };
}

async function stateAt(store: EvidenceStore, view: View, sequence: number): Promise<Entry[]> {
  const found: Entry[] = [];
  for await (const page of store.entries(view, sequence)) found.push(...page);
  return found;
}

const keyOf = ({ c, k }: { c: string; k: string }): Buffer => Buffer.from(`${c}\0${k}`);

onEachEngine('changes are the difference of the full states, for every pair of sequences', async (t, engine) => {
  const { ingest, file, store } = await testStore(t, await engine.open());
  const roll = dice(7);
  const last = 7;
  for (let step = 1; step <= last; step++) {
    const lines: InputLine[] = [];
    for (let i = 0; i < 40; i++) {
      if (roll(3) === 0) continue;
      const name = { path: `${i % 5}/é${i}.json`, ...(i % 3 === 0 ? { source: `s${i % 2}` } : {}) };
      if (roll(4) === 0) lines.push({ op: 'del', ...name });
      else lines.push({ op: 'put', ...name, text: osv(`A-${i}`, { v: roll(2), space: ' '.repeat(roll(2)) }) });
    }
    assert.equal((await ingest(await file(`${step}.jsonl`, jsonl(lines)))).sequence, step);
  }
  for (const view of ['raw', 'record'] as const) {
    const states: Map<string, Entry>[] = [];
    for (let n = 0; n <= last; n++) {
      const entries = await stateAt(store, view, n);
      const sorted = entries.toSorted((a, b) => Buffer.compare(keyOf(a), keyOf(b)));
      assert.deepEqual(entries, sorted, 'bytewise by (c, k)');
      states.push(new Map(entries.map((entry) => [keyOf(entry).toString(), entry])));
    }
    for (let from = 0; from <= last; from++) {
      for (let to = from; to <= last; to++) {
        const want = [...new Set([...(states[from]?.keys() ?? []), ...(states[to]?.keys() ?? [])])]
          .map((key) => ({ key, before: states[from]?.get(key), after: states[to]?.get(key) }))
          .filter(({ before, after }) => before?.digest !== after?.digest)
          .toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
        const found = [];
        for await (const page of store.changes(view, from, to)) {
          for (const change of page) {
            found.push({ key: keyOf(change).toString(), before: change.before, after: change.after });
          }
        }
        assert.deepEqual(found, want, `${view} ${from}..${to}`);
      }
    }
  }
});

onEachEngine('bodies, places and stamps agree with the entries, over many pages', async (t, engine) => {
  const { ingest, file, store } = await testStore(t, await engine.open());
  const lines = Array.from({ length: 2_300 }, (_, i) => {
    const modified = `2026-01-01T00:${String(i % 60).padStart(2, '0')}:00Z`;
    return { path: `${i}.json`, text: JSON.stringify({ modified, id: `A-${i % 100}` }) };
  });
  const big = { path: 'big.json', text: osv('BIG', { details: 'x'.repeat(3 << 20) }) };
  await ingest(await file('x.jsonl', jsonl([...lines, big, { ...big, path: 'big2.json', text: `${big.text} ` }])));
  const entries = await stateAt(store, 'raw', 1);
  const texts = new Map([...lines, big].map(({ path, text }) => [path, text]));
  texts.set('big2.json', `${big.text} `);
  const read: Entry[] = [];
  for await (const page of store.bodies('raw', 1)) {
    const bytes = page.reduce((sum, { body }) => sum + body.length, 0);
    assert.ok(page.length <= 1_000 && (page.length === 1 || bytes <= 4 << 20));
    for (const { entry, body } of page) {
      assert.equal(body.toString(), texts.get(entry.k));
      assert.equal(entry.digest, createHash('sha256').update(body).digest('hex'));
      read.push(entry);
    }
  }
  assert.deepEqual(read, entries);
  const place = (entry: Entry): number => createHash('sha256').update(keyOf(entry)).digest().readUInt32BE(0);
  for (const [low, high] of [
    [0, 2 ** 32],
    [2 ** 31, 2 ** 31 + 2 ** 28],
    [5, 5],
  ] as const) {
    const want = entries.filter((entry) => place(entry) >= low && place(entry) < high);
    assert.deepEqual(await store.entriesByPlace('raw', 1, low, high), want);
  }
  const newest: Entry[] = [];
  for await (const page of store.newestEntries('record', 1)) newest.push(...page);
  assert.equal(newest.length, 2_302);
  for (const [index, entry] of newest.entries())
    assert.ok(index === 0 || entry.stamp <= (newest[index - 1]?.stamp ?? ''));
});

onEachEngine('an empty store answers, and a text that is missing is an error', async (t, engine) => {
  const { store, ingest, file } = await testStore(t, await engine.open());
  assert.equal(await store.sequence(), 0);
  assert.deepEqual(await stateAt(store, 'raw', 0), []);
  assert.deepEqual(await store.entriesByPlace('raw', 0, 0, 2 ** 32), []);
  assert.deepEqual([await store.sources(), await store.attributions()], [[], []]);
  await assert.rejects(store.document('feed', 'a'), { code: 'NOT_FOUND' });
  await ingest(await file('x.jsonl', jsonl([{ path: 'a', text: osv('A') }])));
  assert.deepEqual(await stateAt(store, 'raw', 0), []);
  assert.equal((await store.bodiesByDigest([])).size, 0);
  await assert.rejects(store.bodiesByDigest(['0'.repeat(64)]), { code: 'INTERNAL' });
});

onEachEngine('the digest of a state is over sorted lines of own source, path and digest', async (t, engine) => {
  const { ingest, file, store } = await testStore(t, await engine.open());
  const lines = [
    { path: 'm.json', text: osv('1') },
    { path: 'z.json', source: 'alpha', text: osv('2') },
    { path: 'a.json', source: 'feed', text: osv('3') },
    { path: 'z.json', source: 'feed', text: osv('4') },
    { path: 'a.json', source: 'zeta', text: osv('5') },
    { path: 'a.json', source: 'alpha-2', text: osv('6') },
  ];
  await ingest(await file('x.jsonl', jsonl(lines)));
  const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
  const sorted = lines
    .map(({ source, path, text }) => Buffer.from(`${source ?? 'feed'}\t${path}\t${sha(text)}\n`))
    .toSorted((a, b) => Buffer.compare(a, b));
  assert.equal((await store.sources())[0]?.stateSha256, sha(Buffer.concat(sorted).toString()));
});

onEachEngine('tenants do not see each other', async (t, engine) => {
  const db = await engine.open();
  const { ingest, file } = await testStore(t, db);
  await ingest(await file('x.jsonl', jsonl([{ path: 'a', text: osv('A') }])));
  const { evidenceStore } = await import('../../src/db/evidence.ts');
  const other = evidenceStore(db, 'other');
  assert.equal(await other.sequence(), 0);
  assert.deepEqual([await stateAt(other, 'raw', 1), await other.sources()], [[], []]);
});
