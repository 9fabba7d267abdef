// Exports through the center: determinism, chains, guards, retries, on both engines where the engine could matter.

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { skipWithout } from '../judges.ts';
import { suiteScope } from '../registry/suite-scope.ts';
import { systemClock } from '../../src/core/clock.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { advisory, feed, openTestCenter, put, tenant, type EvidenceLine, type TestCenter } from '../support/center.ts';
import { startPostgres } from '../support/postgres.ts';

const day1 = [...feed('go', 60), ...feed('rustsec', 40)];
const day2: EvidenceLine[] = [
  put('go', 'GO-2026-0003', { note: 'changed', modified: '2026-07-02T10:00:00Z' }),
  put('go', 'GO-2026-0900', { modified: '2026-07-02T11:00:00.5Z' }),
  { op: 'del', source: 'rustsec', path: 'RUSTSEC-2026-0005.json' },
];

async function twoDays(test: TestCenter): Promise<string[]> {
  await test.ingest(day1);
  const digests = [(await test.succeed('json:raw')).digest, (await test.succeed('mirror:full')).digest];
  await test.ingest(day2);
  for (const profile of ['json:raw', 'mirror:full', 'mirror:delta']) digests.push((await test.succeed(profile)).digest);
  return digests;
}

describe('one digest', () => {
  it(
    'on SQLite and PostgreSQL, and with the ingest cut into other batches',
    { skip: skipWithout('postgres') },
    async (t) => {
      const first = await twoDays(await openTestCenter(t));
      const server = await startPostgres(t);
      assert.deepEqual(await twoDays(await openTestCenter(t, { databaseUrl: server.url })), first);
      const batches = await openTestCenter(t);
      for (let at = 0; at < day1.length; at += 7) await batches.ingest(day1.slice(at, at + 7));
      const cut = [(await batches.succeed('json:raw')).digest, (await batches.succeed('mirror:full')).digest];
      assert.deepEqual(cut, first.slice(0, 2));
    },
  );

  it('of a layout without history, after any history', async (t) => {
    const withHistory = await openTestCenter(t);
    await twoDays(withHistory);
    const latest = await withHistory.succeed('mirror:full');
    const flat = await withHistory.succeed({ profile: 'mirror:full', base: 'none' });
    const fresh = await openTestCenter(t);
    await fresh.ingest(
      [...day1, ...day2].filter(
        ({ path, op }, at, all) => op !== 'del' && all.findLastIndex((line) => line.path === path) === at,
      ),
    );
    const direct = await fresh.succeed('mirror:full');
    assert.equal(flat.digest, direct.digest);
    assert.equal(flat.setRoot, latest.setRoot);
    assert.notEqual(flat.digest, latest.digest);
    // The chain goes on where it was: the layout stands beside it.
    assert.equal((await withHistory.succeed('mirror:full')).digest, latest.digest);
  });
});

describe('an export of an unchanged state', () => {
  it('writes nothing and gives the digest that is there', async (t) => {
    const test = await openTestCenter(t);
    await test.ingest(day1);
    for (const profile of ['json:raw', 'mirror:full', 'mirror:delta']) {
      const first = await test.succeed(profile);
      const again = await test.succeed(profile);
      assert.deepEqual(
        { digest: again.digest, bytesNew: again.bytesNew, layersNew: again.layersNew },
        { digest: first.digest, bytesNew: 0, layersNew: 0 },
      );
    }
    assert.equal((await test.ingest(day1)).unchanged, day1.length);
    assert.equal((await test.succeed('mirror:full')).bytesNew, 0);
  });
});

describe('a chain of states', () => {
  it('makes one journal out of a rewrite of everything, and of a rename of everything', async (t) => {
    const test = await openTestCenter(t);
    await test.ingest(feed('go', 150));
    await test.succeed('mirror:full');
    await test.ingest(feed('go', 150).map((line) => ({ ...line, text: advisory(line.path, { note: 'rewritten' }) })));
    const rewritten = await test.succeed('mirror:delta');
    assert.equal(rewritten.records, 150);
    const renamed = feed('go', 150).flatMap((line): EvidenceLine[] => [
      { op: 'del', source: 'go', path: line.path },
      { ...line, op: 'put', path: `moved/${line.path}` },
    ]);
    await test.ingest(renamed);
    assert.equal((await test.succeed('mirror:delta')).records, 150);
  });

  it('without its base in the database is refused with ERR_EXPORT_BASE_MISSING, and --base none starts anew', async (t) => {
    const test = await openTestCenter(t);
    await test.ingest(day1);
    await test.succeed('mirror:full');
    await test.center.close();
    for (const file of ['center.db', 'center.db-wal', 'center.db-shm'])
      await rm(join(test.data, file), { force: true });
    const restored = await openTestCenter(t, { data: test.data });
    await restored.ingest(day1.slice(0, 50));
    const { failure } = await restored.run('mirror:full');
    assert.equal(failure?.code, 'ERR_EXPORT_BASE_MISSING');
    const anew = await restored.succeed({ profile: 'mirror:full', base: 'none' });
    assert.equal((await restored.succeed('mirror:full')).digest, anew.digest);
  });

  it('answers an unknown base with ERR_EXPORT_BASE_MISSING, and a known one with the whole chain from there', async (t) => {
    const test = await openTestCenter(t);
    await test.ingest(day1);
    const first = await test.succeed('mirror:full');
    await test.ingest(day2);
    await test.succeed('mirror:full');
    await test.ingest([put('go', 'GO-2026-0004', { note: 'third day' })]);
    const delta = await test.succeed({ profile: 'mirror:delta', base: first.digest });
    assert.equal(delta.layers, 2);
    assert.match(delta.reference, /:d-/);
    const { failure } = await test.run({ profile: 'mirror:delta', base: `sha256:${'0'.repeat(64)}` });
    assert.equal(failure?.code, 'ERR_EXPORT_BASE_MISSING');
  });
});

describe('suspicious evidence', () => {
  it('stops before a tag moves, names the collection, and goes on with an acceptance', async (t) => {
    const test = await openTestCenter(t);
    await test.ingest(day1);
    const { digest } = await test.succeed('mirror:full');
    await test.ingest(
      day1.filter(({ source }) => source === 'rustsec').map(({ source, path }) => ({ op: 'del', source, path })),
    );
    const { failure } = await test.run('mirror:full');
    assert.equal(failure?.code, 'ERR_EXPORT_SHRUNK');
    assert.match(failure?.message ?? '', /osv\/osv\/rustsec fell from 40 to 0/);
    assert.equal(await latestOf(test), digest);
    // A layout beside the chain that was allowed to be small allows the chain nothing.
    await test.succeed({ profile: 'mirror:full', base: 'none', acceptShrink: true });
    assert.equal((await test.run('mirror:full')).failure?.code, 'ERR_EXPORT_SHRUNK');
    assert.equal(await latestOf(test), digest);
    const accepted = await test.succeed({ profile: 'mirror:full', acceptShrink: true });
    assert.equal(await latestOf(test), accepted.digest);
  });

  it('too old for the profile stops the run', async (t) => {
    const test = await openTestCenter(t, { clock: { now: () => new Date('2026-08-01T00:00:00Z') } });
    await test.ingest(day1);
    await test.center.putProfile(tenant, { name: 'fresh', kind: 'mirror:full', maxAge: 'P7D' });
    assert.equal((await test.run('fresh')).failure?.code, 'ERR_EXPORT_STALE');
    await test.ingest([put('go', 'GO-2026-0800', { modified: '2026-07-31T00:00:00Z' })]);
    assert.equal((await test.run('fresh')).state, 'succeeded');
  });

  it('dated in the future does not count for created', async (t) => {
    const test = await openTestCenter(t, { clock: { now: () => new Date('2026-08-01T00:00:00Z') } });
    const { warnings } = await test.ingest([
      put('go', 'GO-1', { modified: '2026-07-01T05:00:00Z' }),
      put('go', 'GO-2', { modified: '2099-01-01T00:00:00Z' }),
    ]);
    assert.equal(warnings.length, 1);
    const { reference } = await test.succeed({ profile: 'mirror:full', base: 'none' });
    assert.ok(reference.endsWith(':latest'));
    assert.ok((await tagsOf(test)).some((tag) => tag.startsWith('s-20260701T050000Z-')));
  });
});

describe('profiles', () => {
  it('have immutable revisions, and a change of scope is a journal like any other', async (t) => {
    const test = await openTestCenter(t);
    await test.ingest([
      ...feed('go', 30),
      put('npm', 'NPM-1', { ecosystem: 'npm' }),
      put('npm', 'NPM-2', { ecosystem: 'npm' }),
    ]);
    const goOnly = { name: 'small', kind: 'mirror:full', scope: { ecosystems: ['Go'] } };
    const first = await test.center.putProfile(tenant, goOnly);
    assert.equal((await test.succeed('small')).records, 30);
    await test.center.putProfile(tenant, { ...goOnly, scope: { ecosystems: ['Go', 'npm'] } });
    assert.equal((await test.succeed('small')).records, 32);
    await test.ingest([put('npm', 'NPM-3', { ecosystem: 'npm' }), put('cargo', 'C-1', { ecosystem: 'crates.io' })]);
    assert.equal((await test.succeed('small')).records, 33);
    const revisions = await test.center.profile(tenant, 'small');
    assert.equal(revisions.length, 2);
    assert.equal(revisions.at(-1)?.revision, first.revision);
  });

  it('with a relative window follow created', async (t) => {
    const test = await openTestCenter(t);
    await test.center.putProfile(tenant, {
      name: 'recent',
      kind: 'mirror:full',
      scope: { window: { last: 'P2D' } },
      maxShrink: 1,
    });
    await test.ingest([
      put('go', 'GO-1', { modified: '2026-07-01T00:00:00Z' }),
      put('go', 'GO-2', { modified: '2026-07-02T12:00:00Z' }),
    ]);
    assert.equal((await test.succeed('recent')).records, 2);
    await test.ingest([put('go', 'GO-3', { modified: '2026-07-04T00:00:00Z' })]);
    assert.equal((await test.succeed('recent')).records, 2);
  });

  for (const [document, rule] of [
    [{ name: 'Bad Name', kind: 'mirror:full' }, /name must be/],
    [{ name: 'x', kind: 'tar:ball' }, /kind must be one of/],
    [{ name: 'mirror', kind: 'mirror:full' }, /belongs to a built-in profile/],
    [{ name: 'mirror:full', kind: 'json:raw' }, /cannot become/],
    [{ name: 'x', kind: 'mirror:full', colour: 1 }, /colour is not a known member/],
  ] as const) {
    it(`refuse ${JSON.stringify(document)}`, async (t) => {
      const { center } = await openTestCenter(t);
      await assert.rejects(center.putProfile(tenant, document), rule);
    });
  }
});

describe('runs', () => {
  it('are one for one idempotency key, and a key belongs to one request', async (t) => {
    const test = await openTestCenter(t);
    await test.ingest(day1);
    const request = { profile: 'mirror:full', idempotencyKey: 'nightly-1' };
    const first = await test.run(request);
    assert.equal((await test.run(request)).run, first.run);
    assert.equal((await test.run({ idempotencyKey: 'nightly-1', profile: 'mirror:full' })).run, first.run);
    assert.equal((await test.center.runs(tenant)).length, 1);
    await assert.rejects(test.center.startRun(tenant, { ...request, profile: 'json:raw' }), { code: 'CONFLICT' });
  });

  it('of a base that nobody knows are refused, whatever the profile', async (t) => {
    const test = await openTestCenter(t);
    await test.ingest(day1);
    for (const profile of ['json:raw', 'mirror:full', 'mirror:delta']) {
      await test.succeed(profile);
      const { failure } = await test.run({ profile, base: 's-20260701T000000Z-0123456789ab' });
      assert.equal(failure?.code, 'ERR_EXPORT_BASE_MISSING', profile);
    }
    const { digest } = await test.succeed('json:raw');
    assert.equal((await test.succeed({ profile: 'json:raw', base: digest })).digest, digest);
    assert.equal((await test.succeed({ profile: 'json:raw', base: 'none' })).digest, digest);
  });

  it('of a tenant that nobody added are not there, like its evidence and profiles', async (t) => {
    const { center } = await openTestCenter(t);
    const questions = [
      () => center.runs('acme'),
      () => center.evidenceSources('acme'),
      () => center.evidenceRejections('acme'),
      () => center.profiles('acme'),
      () => center.startRun('acme', { profile: 'mirror:full' }),
    ];
    for (const question of questions) await assert.rejects(question, { code: 'NOT_FOUND', message: 'no tenant acme' });
  });

  it('of an unknown profile are refused, and an empty evidence gives an empty bundle', async (t) => {
    const test = await openTestCenter(t);
    await assert.rejects(test.center.startRun(tenant, { profile: 'none' }), { code: 'NOT_FOUND' });
    const empty = await test.succeed('mirror:full');
    assert.equal(empty.records, 0);
    assert.equal(empty.setRoot, 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    await test.ingest(day1);
    assert.equal((await test.succeed('mirror:delta')).records, day1.length);
  });
});

describe('a chain of forty-five days', () => {
  const scope = suiteScope();
  const states: string[] = [];
  const deltas: string[] = [];
  const bases: string[] = [];
  let test: TestCenter;

  before(async () => {
    test = await openTestCenter(scope);
    await test.ingest(
      feed('go', 60).map((line) => ({ ...line, text: advisory(line.path, { note: noise(line.path) }) })),
    );
    await test.succeed('mirror:full');
    for (let day = 1; day <= 45; day++) {
      await test.ingest([put('go', 'GO-X', { note: `day ${day}` })]);
      deltas.push((await test.succeed('mirror:delta')).digest.slice(7, 19));
      states.push((await test.succeed('mirror:full')).digest.slice(7, 19));
      bases.push(await baseOf(test));
    }
  });

  it('moves its base on after 32 journals and says so in the bundle', () => {
    assert.equal(new Set(bases).size, 2);
    assert.equal(bases.lastIndexOf(bases[0] ?? ''), 31);
  });

  it('keeps the tags of the newest 40 states, whatever date their records declare', async () => {
    const tags = await tagsOf(test);
    const endsOf = (prefix: string) => tags.filter((tag) => tag.startsWith(prefix)).map((tag) => tag.slice(-12));
    assert.deepEqual(endsOf('s-').toSorted(), states.slice(-40).toSorted());
    assert.deepEqual(endsOf('d-').toSorted(), deltas.slice(-40).toSorted());
    assert.equal(tags.filter((tag) => tag.endsWith('.delta')).length, 40);
  });

  it('forgets history that no kept state needs, and goes on', async () => {
    const before = await test.center.evidenceDocument(tenant, 'osv/go', 'GO-X.json');
    await test.center.collectGarbage({ dryRun: false });
    assert.deepEqual(await test.center.evidenceDocument(tenant, 'osv/go', 'GO-X.json'), before);
    assert.equal(await textsOf(test), 2 * (60 + 40));
    await test.ingest(day2);
    assert.equal((await test.succeed('mirror:delta')).records, 62);
  });
});

/** About 3 KB that do not compress, so that a base weighs more than 32 small journals. */
function noise(seed: string): string {
  return Array.from({ length: 24 }, (_, i) => hash('sha512', `${seed} ${i}`, 'hex')).join('');
}

/** Texts in the database: an original and a canonical one for each version of a document. */
async function textsOf(test: TestCenter): Promise<number> {
  const db = await openDatabase({ file: join(test.data, 'center.db') }, systemClock);
  const rows = await db.query<{ texts: number }>('select count(*) as texts from body');
  await db.close();
  return rows[0]?.texts ?? 0;
}

async function latestOf(test: TestCenter): Promise<string | undefined> {
  return (await (await test.center.registryStorage()).repository('default/mirror').resolve('latest'))?.digest;
}

async function tagsOf(test: TestCenter): Promise<string[]> {
  return (await test.center.registryStorage()).repository('default/mirror').tags();
}

async function baseOf(test: TestCenter): Promise<string> {
  const index = await (await test.center.registryStorage()).repository('default/mirror').manifest('latest');
  const { manifests } = JSON.parse(index?.bytes.toString() ?? '{}') as { manifests: { digest: string }[] };
  return manifests[0]?.digest ?? '';
}
