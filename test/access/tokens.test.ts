// The life of a token: made once, kept as a hash, good for its time, ended at once; on both engines, in one process and in
// two. And the rules for pulls without credentials, and the audit of all of it.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test, type TestContext } from 'node:test';
import { openAccess, type Access } from '../../src/access/access.ts';
import { isPublicBy } from '../../src/access/pull-rules.ts';
import { maxAgeMs } from '../../src/access/remembered-source.ts';
import { parseScopes } from '../../src/access/scope.ts';
import { tenantNameFault } from '../../src/access/tenant-name.ts';
import { createTokenSecret, isTokenSecret } from '../../src/access/token-secret.ts';
import { ExportError } from '../../src/core/errors.ts';
import type { Database } from '../../src/db/database.ts';
import type { LocalCenter } from '../../src/runs/local-center.ts';
import { openCenter } from '../../src/runs/open-center.ts';
import { refusalsOfOneActor } from '../../src/runs/refusal-filter.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { onEachEngine, type TestEngine } from '../db/engines.ts';
import { atEnd } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A clock that tests move. */
class MovingClock {
  #now = Date.parse('2026-07-15T12:00:00Z');
  now(): Date {
    return new Date(this.#now);
  }
  pass(ms: number): void {
    this.#now += ms;
  }
}

type Room = { clock: MovingClock; center: LocalCenter; access: Access; db: Database };

/** A center of its own on a folder; the database is that of `engine`. */
async function openRoom(t: TestContext, engine: TestEngine, data: string, clock = new MovingClock()): Promise<Room> {
  const url = 'url' in engine.location ? { databaseUrl: engine.location.url } : {};
  const center = await openCenter({ data, clock, env: {}, actor: 'tester', ...url });
  atEnd(t, () => center.close());
  const access = await openAccess(data, { clock, source: center.accessSource() });
  const location = 'url' in engine.location ? engine.location : { file: `${data}/center.db` };
  const db = await openDatabase(location, clock);
  atEnd(t, () => db.close());
  return { clock, center, access, db };
}

const unauthorized = (thrown: unknown): boolean => thrown instanceof ExportError && thrown.code === 'UNAUTHORIZED';

onEachEngine('a token is kept as its SHA-256 alone, and shown to its maker alone', async (t, engine) => {
  const { center, db } = await openRoom(t, engine, await temporaryFolder(t, 'tokens'));
  const { token, id } = await center.access.createToken({ name: 'ci', role: 'reader', tenant: 'default' });
  assert.match(token, /^xpc_[0-9A-Za-z]{49}$/);
  const rows = await db.query('select * from access_token');
  const kept = JSON.stringify([rows, await center.access.tokens(), await center.access.audit()]);
  assert.ok(!kept.includes(token.slice(4, 40)));
  assert.ok(kept.includes(createHash('sha256').update(token).digest('hex')));
  assert.ok(!JSON.stringify(await center.access.tokens()).includes('sha256'));
  assert.deepEqual(
    (await center.access.tokens()).map((each) => [each.id, each.state, each.createdBy, each.expiresAt]),
    [[id, 'live', 'tester', '2026-10-13T12:00:00.000Z']],
  );
});

onEachEngine('a revoked token fails at once, and what it was traded for with it', async (t, engine) => {
  const { center, access } = await openRoom(t, engine, await temporaryFolder(t, 'tokens'));
  const { token, id } = await center.access.createToken({ name: 'ci', role: 'publisher', tenant: 'default' });
  const caller = await access.authenticate(`Bearer ${token}`);
  assert.ok(access.allows(caller, 'default/x', 'push'));
  const short = access.issueToken(caller, parseScopes(['repository:default/x:pull,push'])).token;
  const holder = await access.authenticate(`Bearer ${short}`);
  assert.ok(access.allows(holder, 'default/x', 'push'));
  assert.ok(!access.allows(holder, 'default/y', 'push'));
  assert.equal((await center.access.revokeToken(id)).state, 'revoked');
  for (const text of [token, short]) await assert.rejects(access.authenticate(`Bearer ${text}`), unauthorized);
  assert.equal((await center.access.revokeToken(id)).state, 'revoked', 'again changes nothing');
  await assert.rejects(center.access.revokeToken('tok-nobody'), { code: 'NOT_FOUND' });
});

onEachEngine('an expired token fails at once, and what it was traded for with it', async (t, engine) => {
  const { clock, center, access } = await openRoom(t, engine, await temporaryFolder(t, 'tokens'));
  const request = { name: 'ci', role: 'reader', tenant: 'default', expires: '2026-07-15T12:01:00Z' };
  const { token } = await center.access.createToken(request);
  const caller = await access.authenticate(`Bearer ${token}`);
  const short = access.issueToken(caller, parseScopes(['repository:default/x:pull'])).token;
  clock.pass(59_999);
  await access.authenticate(`Bearer ${token}`);
  clock.pass(1);
  for (const text of [token, short]) await assert.rejects(access.authenticate(`Bearer ${text}`), unauthorized);
  assert.equal((await center.access.tokens())[0]?.state, 'expired');
});

onEachEngine('another process hears of a revocation and of a rule within a second', async (t, engine) => {
  const data = await temporaryFolder(t, 'tokens');
  const one = await openRoom(t, engine, data);
  const two = await openRoom(t, engine, data, one.clock);
  await one.center.access.addTenant('acme');
  const { token, id } = await one.center.access.createToken({ name: 'ci', role: 'reader', tenant: 'acme' });
  one.clock.pass(maxAgeMs);
  await two.access.authenticate(`Bearer ${token}`);
  assert.equal(two.access.isPublic('acme/mirror'), false);
  await one.center.access.revokeToken(id);
  await one.center.access.setPullRule('acme', { repository: 'mirror', anonymous: true });
  one.clock.pass(maxAgeMs);
  await assert.rejects(two.access.authenticate(`Bearer ${token}`), unauthorized);
  assert.equal(two.access.isPublic('acme/mirror'), true);
});

onEachEngine('the last use is known to ten minutes, and written once in that time', async (t, engine) => {
  const { clock, center, access, db } = await openRoom(t, engine, await temporaryFolder(t, 'tokens'));
  const { token } = await center.access.createToken({ name: 'ci', role: 'reader', tenant: 'default' });
  const lastUse = async (): Promise<string | undefined> => {
    for (;;) {
      const [record] = await center.access.tokens();
      if (record?.lastUsedAt !== undefined) return record.lastUsedAt;
    }
  };
  clock.pass(7 * 60_000);
  await access.authenticate(`Bearer ${token}`);
  assert.equal(await lastUse(), '2026-07-15T12:00:00.000Z');
  await db.query('update access_token set last_used_at = null');
  clock.pass(2 * 60_000);
  await access.authenticate(`Bearer ${token}`);
  clock.pass(60_000);
  await access.authenticate(`Bearer ${token}`);
  assert.equal(await lastUse(), '2026-07-15T12:10:00.000Z', 'the use between was not written');
});

onEachEngine('every change is in the audit with who made it, and many refusals cost little', async (t, engine) => {
  const { clock, center, access } = await openRoom(t, engine, await temporaryFolder(t, 'tokens'));
  await center.access.addTenant('acme', 'operator');
  await center.access.setPullRule('acme', { repository: '*', anonymous: true });
  const { id, token } = await center.access.createToken({ name: 'ci', role: 'reader', tenant: 'acme' });
  await center.access.revokeToken(id, 'ann (tok-1)');
  await center.putProfile('acme', { name: 'own', kind: 'json:raw', scope: {} }, 'bob (tok-2)');
  const { id: key } = await center.generateKey();
  const entries = (await center.access.audit()).map(({ actor, action, tenant, target }) => [
    actor,
    action,
    tenant,
    target,
  ]);
  assert.deepEqual(entries.toReversed(), [
    ['operator', 'tenant.add', 'acme', 'acme'],
    ['tester', 'tenant.open', 'acme', 'acme/*'],
    ['tester', 'token.create', 'acme', id],
    ['ann (tok-1)', 'token.revoke', 'acme', id],
    ['bob (tok-2)', 'profile.put', 'acme', 'own'],
    ['tester', 'key.generate', undefined, key],
  ]);
  const refuse = (request: string) => assert.rejects(access.authenticate(`Bearer ${token}`, request), unauthorized);
  for (let attempt = 0; attempt < 3; attempt++) await refuse('GET /v2/');
  for (let path = 1; path < refusalsOfOneActor + 5; path++) await refuse(`GET /v2/${path}`);
  clock.pass(60_000);
  await refuse('GET /v2/');
  const refusals = async () =>
    (await center.access.audit({ limit: 1_000 })).filter(({ action }) => action === 'access.refused');
  // They are written beside the requests that they tell of.
  while ((await refusals()).length <= refusalsOfOneActor);
  const refused = await refusals();
  assert.equal(refused.length, refusalsOfOneActor + 1);
  assert.ok(refused.every(({ actor }) => actor === `ci (${id})`));
  const left = refused.map(({ detail }) => detail['notWritten']).filter((count) => count !== undefined);
  // Twice the same before the first other one, five beyond what one actor has.
  assert.deepEqual(left, [5, 2]);
});

onEachEngine('the audit is read page by page', async (t, engine) => {
  const { center } = await openRoom(t, engine, await temporaryFolder(t, 'tokens'));
  for (const name of ['a', 'b', 'c', 'd', 'e']) await center.access.addTenant(name);
  const seen: string[] = [];
  for (let before: string | undefined; ;) {
    const page = await center.access.audit({ limit: 2, ...(before === undefined ? {} : { before }) });
    if (page.length === 0) break;
    seen.push(...page.map(({ target }) => target));
    before = page.at(-1)?.id;
  }
  assert.deepEqual(seen, ['e', 'd', 'c', 'b', 'a']);
});

onEachEngine('what cannot be is refused with nothing changed', async (t, engine) => {
  const { center } = await openRoom(t, engine, await temporaryFolder(t, 'tokens'));
  const { access } = center;
  await access.addTenant('acme');
  for (const name of ['acme', 'default']) await assert.rejects(access.addTenant(name), { code: 'CONFLICT' });
  for (const name of ['api', 'A', 'a/b', '*', ''])
    await assert.rejects(access.addTenant(name), { code: 'INPUT_INVALID' });
  const token = { name: 'ci', role: 'reader', tenant: 'acme' };
  const refusals = [
    { ...token, role: 'root' },
    { ...token, name: '' },
    { ...token, name: 'two\nlines' },
    { ...token, repositories: [] },
    { ...token, repositories: ['/mirror'] },
    { ...token, repositories: ['mir*ror'] },
    { ...token, expires: 'P0D' },
    { ...token, expires: 'soon' },
    { ...token, expires: '2020-01-01' },
    { ...token, expires: 'P9999999999D' },
  ];
  for (const request of refusals) await assert.rejects(access.createToken(request), { code: 'INPUT_INVALID' });
  const unknown = { code: 'NOT_FOUND', message: 'no tenant nobody' };
  await assert.rejects(access.createToken({ ...token, tenant: 'nobody' }), unknown);
  await assert.rejects(access.setPullRule('nobody', { repository: '*', anonymous: true }), unknown);
  await assert.rejects(center.startRun('nobody', { profile: 'json:raw' }), unknown);
  await assert.rejects(center.ingest('nobody', { source: 'osv', from: '/nowhere' }), unknown);
  await assert.rejects(center.putProfile('nobody', { name: 'a', kind: 'json:raw', scope: {} }), unknown);
  assert.deepEqual(await access.tokens(), []);
  assert.equal((await access.audit()).length, 1);
});

describe('the text of a token', () => {
  test('is never the same, and one that was mistyped is known without a look into the database', () => {
    const texts = Array.from({ length: 200 }, createTokenSecret);
    assert.equal(new Set(texts).size, texts.length);
    for (const text of texts) {
      assert.ok(isTokenSecret(text), text);
      const at = 4 + (text.charCodeAt(10) % 40);
      const wrong = text.slice(0, at) + (text[at] === 'a' ? 'b' : 'a') + text.slice(at + 1);
      assert.ok(!isTokenSecret(wrong), wrong);
    }
    for (const text of ['', 'xpc_', `${texts[0]}x`, texts[0]?.slice(0, -1) ?? '', `XPC_${texts[0]?.slice(4)}`]) {
      assert.ok(!isTokenSecret(text), text);
    }
  });
});

describe('a rule for pulls without credentials', () => {
  const rules = [
    { tenant: 'default', repository: 'inner/*', anonymous: false },
    { tenant: 'default', repository: 'inner/open', anonymous: true },
    { tenant: 'acme', repository: '*', anonymous: true },
    { tenant: 'acme', repository: 'trivy*', anonymous: false },
    { tenant: 'acme', repository: 'trivy-db*', anonymous: true },
    { tenant: 'acme', repository: 'trivy-db-x', anonymous: false },
  ];
  const cases: readonly [string, boolean][] = [
    ['default/mirror', true],
    ['default/inner/x', false],
    ['default/inner/open', true],
    ['default/inner', true],
    ['acme/mirror', true],
    ['acme/trivy-java-db', false],
    ['acme/trivy-db', true],
    ['acme/trivy-db-x', false],
    ['other/mirror', false],
    ['acme2/mirror', false],
    ['acme', false],
    ['default', false],
  ];
  for (const [repository, open] of cases) {
    test(`${repository} is ${open ? 'open' : 'closed'}`, () => {
      assert.equal(isPublicBy(rules, repository), open);
    });
  }
});

describe("a tenant's name", () => {
  for (const name of ['default', 'acme', 'a', '7', 'a-b', 'a--b', 'a_b', 'a__b', 'a.b', 'x'.repeat(63)]) {
    test(`${name} is one`, () => assert.equal(tenantNameFault(name), undefined));
  }
  const faulty = ['', 'A', 'ä', 'a/b', '-a', 'a-', 'a..b', 'a b', '*', '..', 'x'.repeat(64)];
  for (const name of [...faulty, 'trust', 'tuf', 'v2', 'api', 'token']) {
    test(`${JSON.stringify(name)} is none`, () => assert.notEqual(tenantNameFault(name), undefined));
  }
});
