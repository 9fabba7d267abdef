// The line `tuf` of `verify`, on a registry, a folder and a kit: it is good for what the publisher lists now, and says why
// not for anything else.

import assert from 'node:assert/strict';
import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { writeKit } from '../../src/consumer/kit-folder.ts';
import { mirrorPull } from '../../src/consumer/pull.ts';
import { isNotChecked } from '../../src/consumer/report.ts';
import type { TufTrust, VerifyResult } from '../../src/consumer/types.ts';
import { verify } from '../../src/consumer/verify.ts';
import { runOn } from '../cli/fake-host.ts';
import { feed, put } from '../support/center.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openTufWorld, type TufWorld } from '../support/tuf-world.ts';

const dayMs = 86_400_000;
/** Of a kit's timestamp (tuf/roles.json). */
const kitDays = 90;
const order = ['reference', 'tuf', 'signature', 'log', 'provenance', 'manifests', 'blobs', 'journals', 'set-root'];

type Published = {
  readonly world: TufWorld;
  readonly stick: string;
  readonly trust: TufTrust;
  readonly key: string;
  readonly trustedRoot: Buffer;
  /** Publishes one more record and writes the stick anew. */
  readonly again: () => Promise<void>;
};

/** A stick with the mirror and its TUF repository, and what was handed out with it. */
async function publish(t: TestContext): Promise<Published> {
  const world = await openTufWorld(t);
  await world.center.setPublicUrl(`http://${world.host}`);
  await world.ingest(feed('osv', 3));
  const stick = await temporaryFolder(t, 'stick');
  const write = async (): Promise<void> => {
    await world.succeed('mirror:full');
    await mirrorPull({ reference: `${world.host}/default/mirror:latest`, dir: join(stick, 'mirror') });
    await writeKit(join(stick, 'tuf'), (await world.center.tuf.kit('default')).files);
  };
  await write();
  const again = async (): Promise<void> => {
    await world.ingest([put('osv', `NEW-${(await world.center.tuf.show('default')).publication}`)]);
    await write();
  };
  const [active] = (await world.center.keys()).filter((found) => found.active);
  const trust = { root: await world.firstRoot('default/kit'), now: new Date() };
  const trustedRoot = await readFile(join(world.data, 'trust', 'trusted_root.json'));
  return { world, stick, trust, key: active?.publicKey ?? '', trustedRoot, again };
}

const namesOf = ({ checks }: VerifyResult): string[] => checks.map(({ name }) => name);

function reasonOf({ checks }: VerifyResult): string {
  const line = checks.find(({ name }) => name === 'tuf');
  return line?.ok === false ? line.reason : '';
}

test('a registry, a folder and a kit give the same lines in the same order, all of them good', async (t) => {
  const { world, stick, trust, key, trustedRoot } = await publish(t);
  const tenant = { ...trust, root: await world.firstRoot('default'), from: `${world.url}/tuf/default` };
  const sources: [string, TufTrust][] = [
    [`${world.host}/default/mirror:latest`, tenant],
    [join(stick, 'mirror'), tenant],
    [stick, trust],
  ];
  for (const [source, tuf] of sources) {
    const result = await verify(source, { key, trustedRoot, tuf, offline: source === stick });
    assert.deepEqual([result.failed, namesOf(result)], [[], order], source);
    assert.ok(result.checks.every(({ ok }) => ok));
  }
  const { digest } = await mirrorPull({ reference: `${world.host}/default/mirror:latest`, dir: join(stick, 'mirror') });
  const byDigest = `${world.host}/default/mirror@${digest}`;
  await assert.rejects(verify(byDigest, { tuf: tenant }), { code: 'USAGE' });
  assert.deepEqual((await verify(byDigest, { tuf: { ...tenant, target: 'mirror/latest' } })).failed, []);
});

test('without a root nothing is said about freshness, not even by a kit that brings one', async (t) => {
  const { stick, key } = await publish(t);
  const result = await verify(stick, { key, offline: true });
  assert.equal(result.ok, true);
  assert.deepEqual(
    result.checks.filter(isNotChecked).map(({ name }) => name),
    ['tuf', 'log'],
  );
});

test('an artifact that the publisher has replaced is signed, whole and refused', async (t) => {
  const { world, stick, trust, key, again } = await publish(t);
  const old = join(await temporaryFolder(t, 'old'), 'mirror');
  await cp(join(stick, 'mirror'), old, { recursive: true });
  await again();
  const from = `${world.url}/tuf/default`;
  const result = await verify(old, { key, tuf: { ...trust, root: await world.firstRoot('default'), from } });
  assert.deepEqual(result.failed, ['tuf']);
  assert.match(reasonOf(result), /^the publisher vouches for sha256:.* as mirror\/latest, not for sha256:/);
  const unreachable = { ...trust, from: 'http://localhost:1/tuf/default' };
  await assert.rejects(verify(old, { key, tuf: unreachable }), { code: 'UNREACHABLE' });
  await assert.rejects(verify(old, { key, tuf: unreachable, offline: true }), { code: 'OFFLINE' });
});

test('a kit is refused when it is expired, older than what was seen, of another publisher, or has lost its metadata', async (t) => {
  const { world, stick, trust, again } = await publish(t);
  const first = join(await temporaryFolder(t, 'first'), 'kit');
  await cp(stick, first, { recursive: true });
  await again();
  const memory = await temporaryFolder(t, 'memory');
  const look = (dir: string, changed: Partial<TufTrust>): Promise<VerifyResult> =>
    verify(dir, { offline: true, tuf: { ...trust, ...changed } });
  const after = (days: number) => ({ now: new Date(trust.now.getTime() + days * dayMs) });
  assert.deepEqual((await look(stick, after(kitDays - 1))).failed, []);
  const expired = await look(stick, after(kitDays + 10));
  assert.deepEqual(expired.failed, ['tuf']);
  assert.match(reasonOf(expired), /timestamp\.json is expired/);
  // The older kit is good in itself: only a memory tells.
  assert.deepEqual((await look(first, {})).failed, []);
  assert.deepEqual((await look(stick, { memory })).failed, []);
  assert.deepEqual((await look(first, { memory })).failed, ['tuf']);
  const stranger = await look(stick, { root: await world.firstRoot('default') });
  assert.deepEqual(stranger.failed, ['tuf']);
  await rm(join(stick, 'tuf', 'timestamp.json'));
  const bare = await look(stick, {});
  assert.deepEqual(bare.failed, ['tuf']);
  assert.match(reasonOf(bare), /holds no TUF repository/);
});

test('a kit with several artifacts names each, and one under the name of another is refused', async (t) => {
  const { world, stick, trust } = await publish(t);
  await world.succeed('json:raw');
  await mirrorPull({ reference: `${world.host}/default/json-raw:latest`, dir: join(stick, 'json-raw') });
  await writeKit(join(stick, 'tuf'), (await world.center.tuf.kit('default')).files);
  const options = { offline: true, tuf: trust };
  const good = await verify(stick, options);
  assert.deepEqual(good.failed, []);
  assert.ok(namesOf(good).includes('json-raw tuf') && namesOf(good).includes('mirror tuf'));
  await assert.rejects(verify(stick, { ...options, tuf: { ...trust, target: 'mirror/latest' } }), { code: 'USAGE' });
  await rm(join(stick, 'mirror'), { recursive: true });
  await rename(join(stick, 'json-raw'), join(stick, 'mirror'));
  const swapped = await verify(stick, options);
  assert.deepEqual(swapped.failed, ['tuf']);
  await rm(join(stick, 'mirror'), { recursive: true });
  await assert.rejects(verify(stick, options), { code: 'NOT_FOUND' });
});

test('the command ends with 3 and the name of what failed, and refuses options that judge nothing', async (t) => {
  const { world, stick } = await publish(t);
  const cwd = await temporaryFolder(t, 'cwd');
  await writeFile(join(cwd, 'root.json'), await world.firstRoot('default/kit'));
  const run = (...args: string[]) => runOn(['verify', stick, ...args], { cwd });
  const good = await run('--tuf-root', 'root.json', '--tuf-memory', 'seen', '--offline');
  assert.equal(good.code, 0);
  assert.match(good.out, /^ok +tuf +mirror\/latest is sha256:\w+ in publication \d+, good until /m);
  await writeFile(join(stick, 'tuf', 'timestamp.json'), '{}');
  const bad = await run('--tuf-root', 'root.json', '--offline');
  assert.deepEqual([bad.code, bad.out.split('\n').at(-2)], [3, 'verification failed: tuf']);
  assert.equal((await run('--tuf', join(stick, 'tuf'))).code, 2);
  assert.equal((await run('--tuf-target', 'mirror/latest')).code, 2);
  assert.equal((await run('--tuf-root', 'root.json', '--bundle', 'b.json')).code, 2);
  const mirror = await runOn(['verify', join(stick, 'mirror'), '--tuf-root', 'root.json'], { cwd });
  assert.equal(mirror.code, 2);
});
