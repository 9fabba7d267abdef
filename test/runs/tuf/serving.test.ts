// TUF repositories over HTTP: who may read, what is absent and what is only away, and that a client never sees half of a
// publication.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findTufTarget } from '../../../src/consumer/tuf-target.ts';
import { refreshUnderPublishing } from '../../soak/tuf.ts';
import { openTufWorld } from '../../support/tuf-world.ts';

test('404 is for names that are not there; a repository that has nothing yet is a 503', async (t) => {
  const world = await openTufWorld(t);
  const status = async (path: string): Promise<number> => (await fetch(`${world.url}/tuf/${path}`)).status;
  assert.equal(await status('default/1.root.json'), 503);
  await world.center.ensureTrust();
  assert.equal(await status('default/1.root.json'), 200);
  for (const name of ['2.root.json', '99.snapshot.json', 'index.html', 'targets/mirror/x.latest', '%2e%2e/x']) {
    assert.equal(await status(`default/${name}`), 404, name);
  }
  const answer = await fetch(`${world.url}/tuf/default/2.root.json`);
  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain/);
  const head = await fetch(`${world.url}/tuf/default/timestamp.json`, { method: 'HEAD' });
  assert.equal(head.headers.get('cache-control'), 'no-cache');
  assert.equal(await head.text(), '');
});

test('a private tenant is read with a token, in a header or in the address, and never with one that may write', async (t) => {
  const world = await openTufWorld(t);
  await world.center.access.addTenant('acme');
  await world.center.tuf.init('acme');
  const token = async (role: string) =>
    (await world.center.access.createToken({ name: role, role, tenant: 'acme' })).token;
  const [reader, publisher] = [await token('reader'), await token('publisher')];
  const status = async (path: string, authorization?: string): Promise<number> =>
    (await fetch(`${world.url}/tuf/${path}`, { headers: authorization === undefined ? {} : { authorization } })).status;
  assert.equal(await status('acme/timestamp.json'), 401);
  assert.equal(await status('acme/timestamp.json', `Bearer ${reader}`), 200);
  assert.equal(await status(`~${reader}/acme/timestamp.json`), 200);
  assert.equal(await status(`~${publisher}/acme/timestamp.json`), 403);
  assert.equal(await status(`~${reader}/default/timestamp.json`), 503);
  assert.equal(await status(`~${'xpc_'.padEnd(53, 'a')}/acme/timestamp.json`), 401);
  const source = { from: `${world.url}/tuf/~${reader}/acme`, root: await world.firstRoot('acme') };
  await assert.rejects(findTufTarget('mirror/latest', source), /lists no/);
});

test('clients that refresh while others publish all the time see a whole state each time', async (t) => {
  const { published, failures } = await refreshUnderPublishing(40);
  t.diagnostic(`${published} publications`);
  assert.ok(published > 2);
  assert.deepEqual(failures, []);
});
