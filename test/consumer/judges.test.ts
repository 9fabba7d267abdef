// What the consumer writes and derives, in the hands of others: the independent reader of the formats, oras, skopeo,
// crane and cosign.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { mirrorPush } from '../../src/consumer/push.ts';
import type { ShardedBundle } from '../../src/profiles/sharded/compose.ts';
import { judgeOrSkip } from '../judges.ts';
import { startRegistry } from '../registry/start-registry.ts';
import { findMirrorReader } from '../support/corpora.ts';
import { mustRun } from '../support/run-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { madeUp } from './publisher.ts';
import { edited, hasAll, openWorld, type World } from './world.ts';

/** A folder that went through journals, a compaction and another journal, all by patches. */
async function derived(t: TestContext): Promise<World & { readonly bundle: ShardedBundle }> {
  const world = await openWorld(t);
  await world.publisher.publish(madeUp(3000));
  await world.pull({ signatureOnly: false });
  let bundle: ShardedBundle | undefined;
  for (const [day, compact] of [
    ['two', false],
    ['three', true],
    ['four', false],
  ] as const) {
    bundle = await world.publisher.publish(edited(12, day), { compact, created: '2026-07-16T00:00:00Z' });
    await world.pull({ signatureOnly: false });
  }
  return { ...world, bundle: bundle ?? assert.fail() };
}

it('the independent reader finds every digest, chunk, journal and root of a derived mirror right', async (t) => {
  const reader = findMirrorReader();
  if (!reader) return t.skip('the mirror reader is not beside the checkout, or its Python is not there');
  const { dir, publisher } = await derived(t);
  assert.match(await mustRun(reader.python, [reader.script, 'layout', dir, 'latest']), /^layout ok: 3000 records/);
  assert.equal(await mustRun(reader.python, [reader.script, 'records', dir, 'latest']), publisher.records());
});

it('oras reads the folder, and finds signature and provenance in it', async (t) => {
  const oras = judgeOrSkip(t, 'oras');
  if (!oras) return;
  const { dir, bundle } = await derived(t);
  const fetched = await mustRun(oras, ['manifest', 'fetch', '--oci-layout', `${dir}:latest`]);
  assert.equal(fetched, bundle.index.bytes.toString());
  const out = await temporaryFolder(t, 'oras');
  await mustRun(oras, ['pull', '--oci-layout', `${dir}:latest`, '-o', out]);
  assert.equal(await readFile(join(out, 'manifest.json'), 'utf8'), bundle.config.bytes.toString());
  const found = await mustRun(oras, ['discover', '--oci-layout', `${dir}:latest`, '--format', 'json']);
  const { referrers } = JSON.parse(found) as { referrers: unknown[] };
  assert.equal(referrers.length, 2);
});

it('a folder that oras filled is brought to the next day by a patch', async (t) => {
  const oras = judgeOrSkip(t, 'oras');
  if (!oras) return;
  const { publisher, registry, dir, pull } = await openWorld(t);
  await publisher.publish(madeUp(2000));
  const from = ['--from-plain-http', `${registry.name}:latest`];
  await mustRun(oras, ['cp', '-r', ...from, '--to-oci-layout', `${dir}:latest`]);
  const next = await publisher.publish(edited(2, 'two'));
  registry.requests.length = 0;
  const { bytesFetched } = await pull();
  await hasAll(dir, next);
  assert.ok(bytesFetched <= 8192, `${bytesFetched} bytes`);
});

it('skopeo copies the folder with all digests kept', async (t) => {
  const skopeo = judgeOrSkip(t, 'skopeo');
  if (!skopeo) return;
  const { dir, bundle } = await derived(t);
  const out = await temporaryFolder(t, 'skopeo');
  await mustRun(skopeo, ['--insecure-policy', 'copy', '--all', `oci:${dir}:latest`, `oci:${out}:copied`]);
  const index = await readFile(join(out, 'index.json'), 'utf8');
  assert.ok(index.includes(bundle.index.descriptor.digest));
});

it('crane and cosign accept what is pushed from the folder', async (t) => {
  const [crane, cosign] = [judgeOrSkip(t, 'crane'), judgeOrSkip(t, 'cosign')];
  if (!crane || !cosign) return;
  const { dir, bundle, key } = await derived(t);
  const { host, token } = await startRegistry(t);
  await mirrorPush(dir, `${host}/default/copy`, { token });
  const reference = `${host}/default/copy:latest`;
  assert.equal((await mustRun(crane, ['digest', reference])).trim(), bundle.index.descriptor.digest);
  const home = await temporaryFolder(t, 'cosign');
  await writeFile(join(home, 'key.pub'), key);
  const args = ['--key', join(home, 'key.pub'), '--insecure-ignore-tlog', reference];
  await mustRun(cosign, ['verify', ...args], { env: { HOME: home } });
  await mustRun(cosign, ['verify-attestation', '--type', 'slsaprovenance1', ...args], { env: { HOME: home } });
});
