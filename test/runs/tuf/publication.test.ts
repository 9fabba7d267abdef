// What runs publish in TUF repositories, as a TUF client sees it over HTTP.

import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { findTufTarget } from '../../../src/consumer/tuf-target.ts';
import type { TargetsSigned } from '../../../src/trust/tuf/types.ts';
import { feed, put } from '../../support/center.ts';
import { openTufWorld, type TufWorld } from '../../support/tuf-world.ts';

/** The digest that a client which starts from the first root gets for a target. */
async function digestOfTarget(world: TufWorld, path: string, memory?: string): Promise<string> {
  const source = { from: `${world.url}/tuf/default`, root: await world.firstRoot('default') };
  return (await findTufTarget(path, memory === undefined ? source : { ...source, memory })).digest;
}

async function targetsOf(world: TufWorld, role: string): Promise<string[]> {
  const { roles } = await world.center.tuf.show('default');
  const { version } = roles.find((found) => found.role === role) ?? { version: 0 };
  const answer = await fetch(`${world.url}/tuf/default/${version}.${role}.json`);
  const { signed } = (await answer.json()) as { signed: TargetsSigned };
  return Object.keys(signed.targets);
}

test('a run makes its tags targets: a TUF client gets the digest that the run published, for every kept state', async (t) => {
  const world = await openTufWorld(t);
  await world.ingest(feed('osv', 5));
  const first = await world.succeed('mirror:full');
  assert.equal(await digestOfTarget(world, 'mirror/latest'), first.digest);
  await world.ingest([put('osv', 'NEW-1')]);
  const delta = await world.succeed('mirror:delta');
  const full = await world.succeed('mirror:full');
  assert.equal(await digestOfTarget(world, 'mirror/latest'), full.digest);
  assert.equal(await digestOfTarget(world, 'mirror/delta'), delta.digest);
  const states = (await targetsOf(world, 'mirror')).filter((path) => path.startsWith('mirror/s-'));
  assert.equal(states.length, 2);
  const digests = await Promise.all(states.map((path) => digestOfTarget(world, path)));
  assert.deepEqual(new Set(digests), new Set([first.digest, full.digest]));
});

test('an export of an unchanged state publishes nothing and stores no blob', async (t) => {
  const world = await openTufWorld(t);
  await world.ingest(feed('osv', 3));
  await world.succeed('mirror:full');
  const before = await world.center.tuf.show('default');
  const blobs = (await readdir(join(world.data, 'registry', 'blobs'), { recursive: true })).length;
  await world.succeed('mirror:full');
  assert.deepEqual(await world.center.tuf.show('default'), before);
  assert.equal((await readdir(join(world.data, 'registry', 'blobs'), { recursive: true })).length, blobs);
});

test('a target is the OCI manifest: its bytes come by the name that clients ask for, in both forms of the name', async (t) => {
  const world = await openTufWorld(t);
  await world.ingest(feed('osv', 2));
  const { digest } = await world.succeed('json:raw');
  const hex = digest.replace('sha256:', '');
  const manifest = await (
    await fetch(`${world.url}/v2/default/json-raw/manifests/latest`, { headers: { accept: '*/*' } })
  ).text();
  for (const name of [`json-raw/${hex}.latest`, `${hex}.json-raw/latest`]) {
    const answer = await fetch(`${world.url}/tuf/default/targets/${name}`);
    assert.equal(answer.status, 200, name);
    assert.equal(answer.headers.get('etag'), `"${digest}"`);
    assert.match(answer.headers.get('cache-control') ?? '', /immutable/);
    assert.equal(await answer.text(), manifest);
  }
});

test('a profile with a repository of its own gets a role of its own', async (t) => {
  const world = await openTufWorld(t);
  await world.ingest(feed('osv', 3));
  await world.center.putProfile('default', { name: 'team.go', kind: 'mirror:full', scope: { ecosystems: ['Go'] } });
  const { digest } = await world.succeed('team.go');
  assert.equal(await digestOfTarget(world, 'team.go/latest'), digest);
  const { roles } = await world.center.tuf.show('default');
  assert.equal(roles.find(({ role }) => role === 'other')?.targets, 0);
});

test('tags that retention takes away stop being targets, and a tag that somebody pushed never becomes one', async (t) => {
  const world = await openTufWorld(t);
  await world.ingest(feed('osv', 2));
  const { digest } = await world.succeed('mirror:full');
  const repository = (await world.center.registryStorage()).repository('default/mirror');
  const [state = ''] = (await repository.tags()).filter((tag) => tag.startsWith('s-'));
  const manifest = await repository.manifest(digest);
  assert.ok(manifest);
  await repository.pushManifest(manifest, ['stranger']);
  await repository.deleteTag(state);
  await world.ingest([put('osv', 'NEW-2')]);
  await world.succeed('mirror:full');
  const targets = await targetsOf(world, 'mirror');
  assert.ok(!targets.includes(`mirror/${state}`));
  assert.ok(!targets.includes('mirror/stranger'));
});

test('private keys and first roots lie in the data folder, keys for the owner alone', async (t) => {
  const world = await openTufWorld(t);
  await world.center.ensureTrust();
  for (const repository of ['trust', 'default']) {
    const dir = join(world.data, 'tuf', repository, 'keys');
    const keys = await readdir(dir);
    assert.ok(keys.length >= 4);
    for (const key of keys) assert.equal((await stat(join(dir, key))).mode & 0o777, 0o600);
    const served = await (await fetch(`${world.url}/tuf/${repository}/1.root.json`)).text();
    assert.equal((await world.firstRoot(repository)).toString(), served);
  }
  const target = await findTufTarget('trusted_root.json', {
    from: `${world.url}/tuf/trust`,
    root: await world.firstRoot('trust'),
  });
  const file = await readFile(join(world.data, 'trust', 'trusted_root.json'), 'utf8');
  const answer = await fetch(`${world.url}/tuf/trust/targets/${target.digest.slice(7)}.trusted_root.json`);
  assert.equal(await answer.text(), file);
});
