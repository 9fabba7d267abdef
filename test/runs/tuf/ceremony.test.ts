// Keys that never come near the service, rotation of those that do, kits for the far side of a gap, and what a crash or a
// restored backup leaves; each as a client that saw the state before sees it.

import assert from 'node:assert/strict';
import { cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { findTufTarget } from '../../../src/consumer/tuf-target.ts';
import { renewKit, writeKit } from '../../../src/consumer/kit-folder.ts';
import { kitStride } from '../../../src/runs/tuf/place.ts';
import { changeRole, formatDraft, parseDraft, signDraft } from '../../../src/trust/tuf/draft.ts';
import { generateTufKey, tufSigner } from '../../../src/trust/tuf/keys.ts';
import { feed, put } from '../../support/center.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { movingClock, openTufWorld, type TufWorld } from '../../support/tuf-world.ts';

const trustTarget = 'trusted_root.json';
const days = (count: number): number => count * 86_400_000;

async function look(world: TufWorld, repository: string, target: string, memory: string): Promise<string> {
  const source = { from: `${world.url}/tuf/${repository}`, root: await world.firstRoot(repository), memory };
  return (await findTufTarget(target, source)).digest;
}

test('root keys of three holders, two of whom sign: the service alone can publish no root any more', async (t) => {
  const world = await openTufWorld(t);
  const { tuf } = world.center;
  const memory = await temporaryFolder(t, 'memory');
  await tuf.init('trust');
  const before = await look(world, 'trust', trustTarget, memory);
  const holders = [1, 2, 3].map(() => tufSigner(generateTufKey()));
  const own = (await tuf.show('trust')).roles.find(({ role }) => role === 'root')?.keys[0]?.id ?? '';
  let draft = parseDraft(await tuf.draft('trust', { role: 'root', newOnlineKeys: false }));
  for (const { key } of holders) draft = changeRole(draft, 'root', { add: key });
  draft = changeRole(draft, 'root', { remove: own.slice(0, 12), threshold: 2 });
  draft = await signDraft(draft, holders[0]!);
  await assert.rejects(tuf.publish('trust', formatDraft(draft)), /1 of the 2/);
  draft = await signDraft(draft, holders[2]!);
  const published = await tuf.publish('trust', formatDraft(draft));
  const rootRole = published.roles.find(({ role }) => role === 'root');
  assert.deepEqual([rootRole?.version, rootRole?.threshold, rootRole?.renews], [2, 2, false]);
  assert.ok(!(await readdir(join(world.data, 'tuf', 'trust', 'keys'))).includes(`${own}.pem`));
  assert.equal(await look(world, 'trust', trustTarget, memory), before);
  await assert.rejects(tuf.publish('trust', formatDraft(draft)), /make a new draft|the draft is version/);
  const alone = await tuf.draft('trust', { role: 'root', newOnlineKeys: true });
  await assert.rejects(tuf.publish('trust', alone), /0 of the 2/);
});

test('new keys for snapshot and timestamp at once: a client of before goes on, and the old ones are deleted', async (t) => {
  const world = await openTufWorld(t);
  const memory = await temporaryFolder(t, 'memory');
  await world.ingest(feed('osv', 2));
  await world.succeed('mirror:full');
  const { tuf } = world.center;
  const before = await look(world, 'default', 'mirror/latest', memory);
  const old = (await tuf.show('default')).roles.filter(({ role }) => role === 'snapshot' || role === 'timestamp');
  const root = await tuf.draft('default', { role: 'root', newOnlineKeys: true });
  await tuf.publish('default', root);
  const targets = await tuf.draft('default', { role: 'targets', newOnlineKeys: true });
  const { roles } = await tuf.publish('default', targets);
  assert.equal(roles.find(({ role }) => role === 'root')?.version, 2);
  const keys = new Set(roles.flatMap((role) => role.keys.map(({ id }) => id)));
  const files = await readdir(join(world.data, 'tuf', 'default', 'keys'));
  for (const { keys: replaced } of old) {
    for (const { id } of replaced) assert.ok(!keys.has(id) && !files.includes(`${id}.pem`));
  }
  assert.equal(await look(world, 'default', 'mirror/latest', memory), before);
});

test('renewals come before anything expires, and each has a version of its own', async (t) => {
  const clock = movingClock();
  const world = await openTufWorld(t, { clock });
  const { center } = world;
  await center.ensureTrust();
  const first = await center.tuf.show('default');
  clock.advanceHours(5);
  await center.ensureTrust();
  assert.deepEqual(await center.tuf.show('default'), first);
  clock.advanceHours(2);
  await center.ensureTrust();
  assert.equal((await center.tuf.show('default')).publication, first.publication + 1);
  clock.advanceHours(24 * 400);
  await center.ensureTrust();
  const { roles } = await center.tuf.show('default');
  for (const { role, expires } of roles) assert.ok(Date.parse(expires) > clock.now().getTime(), role);
  const source = { from: `${world.url}/tuf/default`, root: await world.firstRoot('default') };
  await assert.rejects(findTufTarget('mirror/latest', source, { now: clock.now() }), /lists no mirror\/latest/);
});

test('a kit outlives its 90 days by a key of the far side, which vouches for nothing but time', async (t) => {
  const clock = movingClock();
  const world = await openTufWorld(t, { clock });
  const { tuf } = world.center;
  await world.ingest(feed('osv', 2));
  const { digest } = await world.succeed('mirror:full');
  await tuf.kit('default');
  const far = tufSigner(generateTufKey());
  const draft = parseDraft(await tuf.draft('default/kit', { role: 'root', newOnlineKeys: false }));
  await tuf.publish('default/kit', formatDraft(changeRole(draft, 'timestamp', { add: far.key })));
  const dir = await temporaryFolder(t, 'kit');
  const memory = await temporaryFolder(t, 'memory');
  const kit = await tuf.kit('default');
  await writeKit(dir, kit.files);
  const source = { from: dir, root: Buffer.from(kit.files[0]?.text ?? ''), memory };
  const at = (count: number) => ({ now: new Date(clock.now().getTime() + days(count)), offline: true });
  assert.equal((await findTufTarget('mirror/latest', source, at(0))).digest, digest);
  assert.equal((await findTufTarget('mirror/latest', source, at(89))).digest, digest);
  await assert.rejects(findTufTarget('mirror/latest', source, at(100)), /timestamp.json is expired/);
  const renewal = { now: at(100).now, validMs: days(30), stride: kitStride };
  await assert.rejects(renewKit(dir, { ...renewal, signer: tufSigner(generateTufKey()) }), /may not sign timestamps/);
  await renewKit(dir, { ...renewal, signer: far });
  assert.equal((await findTufTarget('mirror/latest', source, at(101))).digest, digest);
  clock.advanceHours(24 * 110);
  await world.ingest([put('osv', 'NEW-1')]);
  const newer = await world.succeed('mirror:full');
  const next = await tuf.kit('default');
  await writeKit(dir, next.files);
  const found = await findTufTarget('mirror/latest', source, { now: clock.now(), offline: true });
  assert.equal(found.digest, newer.digest);
});

test('a database that was restored from before takes over what the registry published since', async (t) => {
  const data = await temporaryFolder(t, 'restored');
  const backup = await temporaryFolder(t, 'backup');
  const memory = await temporaryFolder(t, 'memory');
  const world = await openTufWorld(t, { data });
  await world.ingest(feed('osv', 2));
  await world.succeed('mirror:full');
  await world.center.tuf.publish('default');
  await world.center.close();
  await cp(join(data, 'center.db'), join(backup, 'center.db'));
  const between = await openTufWorld(t, { data });
  await between.ingest([put('osv', 'NEW-1')]);
  const { digest } = await between.succeed('mirror:full');
  const seen = await between.center.tuf.show('default');
  assert.equal(await look(between, 'default', 'mirror/latest', memory), digest);
  await between.center.close();
  await cp(join(backup, 'center.db'), join(data, 'center.db'));
  const after = await openTufWorld(t, { data });
  await after.center.ensureTrust();
  const { publication } = await after.center.tuf.show('default');
  assert.equal(publication, seen.publication);
  const source = { from: `${after.url}/tuf/default`, root: await after.firstRoot('default') };
  assert.equal((await findTufTarget('mirror/latest', source)).digest, digest);
});

test('two processes that publish at once never issue one version twice, and nothing of either is lost', async (t) => {
  const data = await temporaryFolder(t, 'two');
  const [one, two] = [await openTufWorld(t, { data }), await openTufWorld(t, { data })];
  await Promise.all([one.center.ensureTrust(), two.center.ensureTrust()]);
  const before = (await one.center.tuf.show('default')).publication;
  const drafts = await Promise.all(
    [1, 2, 3].map(() => one.center.tuf.draft('default', { role: 'root', newOnlineKeys: false })),
  );
  const results = await Promise.allSettled([
    one.center.tuf.publish('default', drafts[0]),
    two.center.tuf.publish('default', drafts[1]),
    one.center.tuf.publish('default', drafts[2]),
  ]);
  const won = results.filter(({ status }) => status === 'fulfilled');
  assert.equal(
    won.length,
    1,
    JSON.stringify(results.map((result) => (result.status === 'rejected' ? String(result.reason) : 'won'))),
  );
  assert.equal((await two.center.tuf.show('default')).publication, before + 1);
});
