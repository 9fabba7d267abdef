// Days that are not like others: hardly anything changed, everything did, nothing is left, or the folder was hurt.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { mirrorPull } from '../../src/consumer/pull.ts';
import { mirrorPush } from '../../src/consumer/push.ts';
import { verify } from '../../src/consumer/verify.ts';
import { openLayout } from '../../src/registry/layout/layout-repository.ts';
import { judgeOrSkip } from '../judges.ts';
import { startDistribution } from '../support/distribution.ts';
import { mustRun } from '../support/run-program.ts';
import { findMirrorReader } from '../support/corpora.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { madeUp } from './publisher.ts';
import { edited, hasAll, openWorld } from './world.ts';

it('36 days of one record each cost at most 8 KB a day, through a compaction, and no more at the end', async (t) => {
  const { publisher, dir, pull } = await openWorld(t);
  await publisher.publish(madeUp(1500));
  await pull();
  const fetched: number[] = [];
  let compactions = 0;
  for (let day = 1; day <= 36; day++) {
    const before = publisher.bundle?.journals.length ?? 0;
    const bundle = await publisher.publish(edited(1, `day ${day}`));
    if (bundle.journals.length <= before) compactions++;
    fetched.push((await pull()).bytesFetched);
    await hasAll(dir, bundle);
  }
  t.diagnostic(`first ${fetched[0]}, last ${fetched.at(-1)}, most ${Math.max(...fetched)} bytes`);
  assert.equal(compactions, 1);
  assert.ok(Math.max(...fetched) <= 8192);
  assert.ok(Math.abs((fetched.at(-1) ?? 0) - (fetched[0] ?? 0)) < 200);
});

it('a feed rewritten, renamed, emptied and filled again within days is followed to the byte', async (t) => {
  const { publisher, dir, pull } = await openWorld(t);
  const all = [...madeUp(2000)];
  const removed = all.map(({ c, k }) => ({ c, k }));
  const renamed = all.map((edit) => ({ ...edit, k: `moved/${edit.k}` }));
  const days = [
    all,
    edited(2000, 'rewritten'),
    [...removed, ...renamed],
    renamed.map(({ c, k }) => ({ c, k })),
    [...madeUp(300, 50)],
    edited(3, 'after'),
  ];
  for (const edits of days) {
    const bundle = await publisher.publish(edits);
    const result = await pull();
    await hasAll(dir, bundle);
    assert.equal(result.records, bundle.exportManifest.state.records);
  }
  const reader = findMirrorReader();
  if (reader) await mustRun(reader.python, [reader.script, 'layout', dir, 'latest']);
});

it('an empty first state is pulled and followed', async (t) => {
  const { publisher, dir, pull } = await openWorld(t);
  await publisher.publish([]);
  assert.equal((await pull()).records, 0);
  const bundle = await publisher.publish(madeUp(10));
  assert.equal((await pull()).records, 10);
  await hasAll(dir, bundle);
});

it('one delta over many states, across a compaction, is applied whole', async (t) => {
  const { publisher, registry, dir, pull } = await openWorld(t);
  const first = await publisher.publish(madeUp(3000));
  await pull();
  // The third day compacts by the rule, because the second one rewrites most.
  await publisher.publish(edited(2800, 'two'), { delta: false });
  await publisher.publish(edited(3, 'three'), { delta: false });
  const last = await publisher.publish(edited(4, 'four'), { delta: false });
  assert.equal(last.journals.length, 2);
  await publisher.publishSpan(first, last, publisher.steps, 'd-span');
  registry.requests.length = 0;
  await pull({ reference: `${registry.name}:d-span` });
  await hasAll(dir, last);
  assert.ok(!registry.requests.includes(`GET manifests/${last.index.descriptor.digest}`));
});

it('a delta that starts elsewhere falls back to the bundle that it leads to', async (t) => {
  const { publisher, registry, dir, pull } = await openWorld(t);
  await publisher.publish(madeUp(100));
  const bundle = await publisher.publish(edited(4, 'two'));
  await pull({ reference: `${registry.name}:delta` });
  await hasAll(dir, bundle);
});

it('a hurt folder is healed by the next pull', async (t) => {
  const { publisher, dir, pull } = await openWorld(t);
  const held = await publisher.publish(madeUp(500));
  await pull();
  const shard = held.bases[0]?.shards[0]?.layer ?? assert.fail();
  await writeFile((await openLayout(dir)).blobPath(shard.digest), Buffer.alloc(shard.size));
  const bundle = await publisher.publish(edited(3, 'two'));
  await pull();
  await hasAll(dir, bundle);
  assert.ok((await verify(dir, {})).ok);
});

it('a folder is worked in by one process at a time, and a dead one does not count', async (t) => {
  const { publisher, dir, pull } = await openWorld(t);
  await publisher.publish(madeUp(5));
  await pull();
  const lock = (pid: number): Promise<void> =>
    writeFile(join(dir, '.export-center', 'lock'), JSON.stringify({ pid, host: hostname() }));
  await lock(process.ppid);
  await assert.rejects(pull(), { code: 'CONFLICT' });
  // Above every limit of process ids.
  await lock(2 ** 30);
  await pull();
});

it('a cancelled pull says so and goes on later', async (t) => {
  const { publisher, dir, pull } = await openWorld(t);
  const bundle = await publisher.publish(madeUp(3000));
  const cancel = new AbortController();
  await assert.rejects(pull({ signal: cancel.signal, onProgress: () => cancel.abort() }), { code: 'CANCELLED' });
  await pull();
  await hasAll(dir, bundle);
});

it('a registry without referrers API serves bundles, signatures and deltas as well', async (t) => {
  if (!judgeOrSkip(t, 'registry')) return;
  const { publisher, dir, pull, key } = await openWorld(t);
  const { host } = await startDistribution(t);
  const reference = `${host}/copy/mirror:latest`;
  const far = join(await temporaryFolder(t, 'far'), 'mirror');
  await publisher.publish(madeUp(400));
  for (const day of ['two', 'three']) {
    const bundle = await publisher.publish(edited(3, day));
    await pull({ signatureOnly: false });
    await mirrorPush(dir, `${host}/copy/mirror`, {});
    const { verified } = await mirrorPull({ reference, dir: far, key, signatureOnly: day === 'three' });
    assert.ok(verified.includes('signature'));
    await hasAll(far, bundle);
  }
});
