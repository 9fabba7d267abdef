// Two processes that open one data folder and do the same thing at the same time: one digest, no error, every tag there.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { sampleEvidence } from '../../scripts/sample-evidence.ts';
import { exportCenterJson } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { assertWholeRegistry } from './whole-registry.ts';

type Outcome = { readonly digest: string };

it('the same runs in two processes at once give one digest and all tags', async (t) => {
  const data = join(await temporaryFolder(t, 'two'), 'data');
  const place = ['--data', data];
  const { source, day1, day2 } = sampleEvidence;
  const wanted = new Map<string, string>();
  for (const from of [day1, day2]) {
    await exportCenterJson(['ingest', source, from, ...place]);
    for (const profile of ['json:raw', 'mirror:delta', 'mirror:full']) {
      const outcomes = await Promise.all(
        [1, 2].map(() => exportCenterJson(['run', profile, ...place]) as Promise<Outcome>),
      );
      assert.equal(new Set(outcomes.map(({ digest }) => digest)).size, 1, profile);
      wanted.set(profile, outcomes[0]?.digest ?? '');
    }
  }
  const tags = await assertWholeRegistry(join(data, 'registry'));
  assert.equal(tags.get('default/json-raw')?.get('latest'), wanted.get('json:raw'));
  assert.equal(tags.get('default/mirror')?.get('latest'), wanted.get('mirror:full'));
  assert.equal(tags.get('default/mirror')?.get('delta'), wanted.get('mirror:delta'));
  const states = [...(tags.get('default/mirror')?.keys() ?? [])].filter((tag) => tag.startsWith('s-'));
  assert.equal(states.length, 2);
});

it('different runs and ingests in several processes at once do not hold each other up', async (t) => {
  const data = join(await temporaryFolder(t, 'two'), 'data');
  const place = ['--data', data];
  const { source, day1, day2 } = sampleEvidence;
  await exportCenterJson(['ingest', source, day1, ...place]);
  const [, , raw, full] = await Promise.all([
    exportCenterJson(['ingest', 'other', day1, ...place]),
    exportCenterJson(['ingest', 'third', day2, ...place]),
    exportCenterJson(['run', 'json:raw', ...place]) as Promise<Outcome>,
    exportCenterJson(['run', 'mirror:full', ...place]) as Promise<Outcome>,
  ]);
  const tags = await assertWholeRegistry(join(data, 'registry'));
  assert.equal(tags.get('default/json-raw')?.get('latest'), raw.digest);
  assert.equal(tags.get('default/mirror')?.get('latest'), full.digest);
  const { sources } = (await exportCenterJson(['evidence', 'list', ...place])) as { sources: { source: string }[] };
  assert.deepEqual(
    sources.map(({ source: name }) => name),
    ['osv', 'other', 'third'],
  );
});
