// Real feeds: nine sources over five days end in the digests that whoever cut them wrote down.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compareUtf8 } from '../../src/core/order.ts';
import { onEachEngine } from '../db/engines.ts';
import { corpusOrSkip } from '../support/corpora.ts';
import { testStore } from './store.ts';

type Manifest = { readonly snapshots: readonly { readonly stateSha256: string; readonly records?: number }[] };

onEachEngine('five days of nine sources end in the digest of each day', async (t, engine) => {
  const folder = corpusOrSkip(t, 'osv-large');
  if (folder === undefined) return;
  const { snapshots } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Manifest;
  const { ingest, store } = await testStore(t, await engine.open());
  const days = ['base-2026-07-15', 'delta-2026-07-16', 'delta-2026-07-17', 'delta-2026-07-21', 'delta-2026-07-28'];
  // Counts of records, puts and deletions of each day as the formats' golden table has them.
  const documents = [37_706, 37_695, 37_772, 37_842, 38_688];
  const touched = [37_706, 692, 1_212, 149, 1_732];
  for (const [index, day] of days.entries()) {
    const result = await ingest(join(folder, `${day}.jsonl.gz`), { source: 'osv' });
    const [summary] = await store.sources();
    assert.equal(summary?.stateSha256, snapshots[index]?.stateSha256, day);
    assert.deepEqual([summary?.documents, result.rejected, result.sequence], [documents[index], [], index + 1]);
    let changes = 0;
    for await (const page of store.changes('record', index, index + 1)) changes += page.length;
    assert.equal(changes, touched[index]);
  }
});

onEachEngine('every document of the varied set is taken', async (t, engine) => {
  const file = corpusOrSkip(t, 'osv-small/osv-small.jsonl.gz');
  if (file === undefined) return;
  const { ingest, store } = await testStore(t, await engine.open());
  const result = await ingest(file, { source: 'osv', sync: true });
  assert.deepEqual([result.added, result.rejected], [1_851, []]);
  const again = await ingest(file, { source: 'osv', sync: true });
  assert.deepEqual([again.unchanged, again.sequence], [1_851, 1]);
  const rows = readFileSync(join(file, '..', 'osv-small.index.tsv'), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1);
  const want = new Map(rows.map(indexRow));
  for await (const page of store.entries('raw', 1)) {
    for (const { c, k, id, digest, ecosystems } of page) {
      assert.equal(`${id} ${digest} ${ecosystems.join()}`, want.get(`${c} ${k}`));
      want.delete(`${c} ${k}`);
    }
  }
  assert.equal(want.size, 0);
});

/** A row of the index as key and facts; it writes None for a document without any package. */
function indexRow(row: string): [string, string] {
  const [source, path, id, , sha256, ecosystems = ''] = row.split('\t');
  const names = ecosystems.split(',').filter((name) => name !== '' && name !== 'None');
  const distinct = [...new Set(names.map((name) => name.split(':', 1)[0] ?? ''))].sort(compareUtf8);
  return [`osv/osv/${source} ${path}`, `${id} ${sha256} ${distinct.join()}`];
}
