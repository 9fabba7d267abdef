// The mirror of a database: pulled, rebuilt to the publisher's artifact, pushed on with its signatures, repaired.

import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { mirrorDoctor } from '../../src/consumer/doctor.ts';
import { mirrorPull } from '../../src/consumer/pull.ts';
import { mirrorPush } from '../../src/consumer/push.ts';
import type { PullOptions, PullResult } from '../../src/consumer/types.ts';
import { verify } from '../../src/consumer/verify.ts';
import { digestOf, type Digest } from '../../src/core/digest.ts';
import type { Rebuilds } from '../../src/profiles/database/documents.ts';
import { composeMirror } from '../../src/profiles/mirror/build.ts';
import { contentLayersOf, manifestsOf, smallBlobsOf, type ShardedBundle } from '../../src/profiles/sharded/compose.ts';
import { headFieldsOf } from '../../src/profiles/sharded/documents.ts';
import { readBundle } from '../../src/profiles/sharded/read.ts';
import { openLayout } from '../../src/registry/layout/layout-repository.ts';
import { verifySubject } from '../../src/trust/verify-subject.ts';
import { startRegistry, type StartedRegistry } from '../registry/start-registry.ts';
import { openTestCenter, type EvidenceLine, type TestCenter } from '../support/center.ts';
import { manifestOf, ranged, rangedFeed, repositoryOf } from '../support/database-evidence.ts';
import { temporaryFolder, type Scope } from '../support/temporary-folder.ts';

const day1 = [...rangedFeed('npm', 300), ...rangedFeed('PyPI', 200)];
const day2: EvidenceLine[] = [
  ranged('GHSA-2026-1003', { fixed: '1.3.0', modified: '2026-07-02T10:00:00Z' }),
  ranged('GHSA-2026-9000', { modified: '2026-07-02T09:00:00Z' }),
  { op: 'del', source: 'pypi', path: 'OSVX-2026-1005.json' },
];

type DatabaseWorld = {
  readonly test: TestCenter;
  readonly registry: StartedRegistry;
  readonly dir: string;
  readonly key: string;
  readonly pull: (options?: Partial<PullOptions>) => Promise<PullResult>;
};

async function openWorld(t: Scope): Promise<DatabaseWorld> {
  const test = await openTestCenter(t);
  const { publicKey: key } = await test.center.generateKey();
  const registry = await startRegistry(t, { storage: await test.center.registryStorage() });
  const dir = join(await temporaryFolder(t, 'database'), 'mirror');
  const reference = `${registry.host}/default/trivy-db-mirror:latest`;
  const pull = (options: Partial<PullOptions> = {}) => mirrorPull({ reference, dir, key, ...options });
  return { test, registry, dir, key, pull };
}

async function layerOf(test: TestCenter): Promise<Digest> {
  return (await manifestOf(await repositoryOf(test, 'trivy-db'), '2')).layers[0]?.digest as Digest;
}

describe('a pull of a database', () => {
  it('makes the very artifact out of the rows, on the first day and on the next, without fetching it', async (t) => {
    const { test, registry, dir, pull } = await openWorld(t);
    await test.ingest(day1);
    for (const day of [[], day2]) {
      if (day.length > 0) await test.ingest(day);
      const { digest } = await test.succeed('trivy:db');
      const layer = await layerOf(test);
      const before = registry.log.length;
      const pulled = await pull();
      assert.deepEqual(pulled.database, { digest, layerDigest: layer, how: 'rebuilt' });
      assert.ok(pulled.verified.includes('database-signature'));
      const asked = registry.log.slice(before).map(({ path }) => path);
      assert.deepEqual(
        asked.filter((path) => path.includes(layer)),
        [],
      );
      // A day costs no shard and no journal either.
      const mirrored = contentLayersOf(await mirrorOf(test)).filter((of) =>
        asked.some((path) => path.includes(of.digest)),
      );
      assert.equal(mirrored.length > 0, day.length === 0);
      const layout = await openLayout(dir);
      const hex = digest.slice(7, 19);
      const names = (await layout.tags()).filter((tag) => tag.startsWith('database.'));
      assert.deepEqual(
        names.filter((tag) => !/\.s-/.test(tag) || tag.endsWith(hex)).length,
        3,
        `database.trivy-db.{2,latest,s-…}: ${names.join(' ')}`,
      );
      assert.equal((await layout.resolve('database.trivy-db.2'))?.digest, digest);
      assert.deepEqual((await layout.statBlob(layer)) === undefined, false);
    }
  });

  it('keeps the databases of the states that it keeps, and no others', async (t) => {
    const { test, dir, pull } = await openWorld(t);
    const layers: Digest[] = [];
    for (let day = 1; day <= 3; day++) {
      await test.ingest(rangedFeed('npm', 100 + day).map((line) => ({ ...line })));
      await test.succeed('trivy:db');
      layers.push(await layerOf(test));
      await pull();
    }
    const layout = await openLayout(dir);
    const held = await Promise.all(layers.map(async (layer) => (await layout.statBlob(layer)) !== undefined));
    assert.deepEqual(held, [false, true, true]);
  });

  it('fetches the artifact when the publisher wrote it in a form that this program does not write', async (t) => {
    const { test, registry, dir } = await openWorld(t);
    await test.ingest(day1);
    const { digest } = await test.succeed('trivy:db');
    await republish(test, 'foreign', { writer: 'bolt/0' });
    const pulled = await mirrorPull({ reference: `${registry.host}/default/trivy-db-mirror:foreign`, dir });
    assert.deepEqual(pulled.database, { digest, layerDigest: await layerOf(test), how: 'fetched' });
  });

  it('fetches the artifact too when its own comes out otherwise, and refuses when there is none', async (t) => {
    const { test, registry, dir } = await openWorld(t);
    await test.ingest(day1);
    const { digest } = await test.succeed('trivy:db');
    const other = { nextUpdate: '2030-01-01T00:00:00Z' };
    const names = { manifestDigest: digestOf('another'), layerDigest: digestOf('one') };
    await republish(test, 'unlike', other);
    await republish(test, 'wrong', { ...other, ...names });
    const mirror = `${registry.host}/default/trivy-db-mirror`;
    await assert.rejects(mirrorPull({ reference: `${mirror}:wrong`, dir }), { code: 'VERIFICATION_FAILED' });
    assert.deepEqual(await (await openLayout(dir)).tags(), []);
    const pulled = await mirrorPull({ reference: `${mirror}:unlike`, dir });
    assert.deepEqual(pulled.database, { digest, layerDigest: await layerOf(test), how: 'fetched' });
  });
});

describe('a pulled database', () => {
  it('goes with the mirror into another registry, where its signatures still verify', async (t) => {
    const { test, key, dir, pull } = await openWorld(t);
    await test.ingest(day1);
    const { digest } = await test.succeed('trivy:db');
    await pull();
    const far = await startRegistry(t);
    const pushed = await mirrorPush(dir, `${far.host}/security/trivy-db-mirror`, { token: far.token });
    const state = `s-20260701T000000Z-${digest.slice(7, 19)}`;
    assert.deepEqual(pushed.databases, [{ repository: 'trivy-db', tags: [state, '2', 'latest'] }]);
    assert.deepEqual(
      pushed.tags.filter((tag) => tag.startsWith('database.')),
      [],
    );
    const repository = far.storage.repository('security/trivy-db');
    const root = await repository.resolve('2');
    assert.equal(root?.digest, digest);
    assert.equal((await verifySubject(repository, root, key)).ok, true);
    // And from there it can be pulled on as from the first one.
    const on = join(await temporaryFolder(t, 'on'), 'mirror');
    const again = await mirrorPull({ reference: `${far.host}/security/trivy-db-mirror:latest`, dir: on, key });
    assert.equal(again.database?.how, 'rebuilt');
    assert.ok(again.verified.includes('database-signature'));
  });

  it('is checked by verify, and repaired by the doctor out of the rows alone', async (t) => {
    const { test, registry, key, dir, pull } = await openWorld(t);
    await test.ingest(day1);
    await test.succeed('trivy:db');
    await pull();
    const checked = async () => (await verify(dir, { key })).checks.find(({ name }) => name === 'database');
    assert.equal((await checked())?.ok, true);
    const layer = await layerOf(test);
    const path = (await openLayout(dir)).blobPath(layer);
    const bytes = await readFile(path);
    const before = registry.log.length;
    const damages = [() => writeFile(path, Buffer.concat([bytes.subarray(1), Buffer.of(0)])), () => rm(path)];
    for (const damage of damages) {
      await damage();
      assert.equal((await checked())?.ok, false);
      const { ok, damaged } = await mirrorDoctor(dir, {});
      assert.equal(ok, true, JSON.stringify(damaged));
      assert.deepEqual(
        damaged.map((finding) => finding.digest),
        [layer],
      );
      assert.deepEqual(await readFile(path), bytes);
      assert.equal((await checked())?.ok, true);
    }
    assert.deepEqual(
      registry.log.slice(before).filter(({ path: asked }) => asked.includes(layer)),
      [],
    );
  });
});

async function mirrorOf(test: TestCenter): Promise<ShardedBundle> {
  const repository = await repositoryOf(test, 'trivy-db-mirror');
  const latest = await repository.manifest('latest');
  assert.ok(latest);
  return readBundle(repository, latest);
}

/** The newest mirror under another tag, whose export manifest says something else of the database. */
async function republish(test: TestCenter, tag: string, change: Partial<Rebuilds>): Promise<void> {
  const repository = await repositoryOf(test, 'trivy-db-mirror');
  const { bases, journals, exportManifest } = await mirrorOf(test);
  const rebuilds = { ...(exportManifest.rebuilds as Rebuilds), ...change };
  const bundle = composeMirror({ ...headFieldsOf(exportManifest), rebuilds }, bases, journals, null);
  for (const { descriptor, bytes } of smallBlobsOf(bundle)) await repository.pushBlob(descriptor, bytes);
  for (const manifest of manifestsOf(bundle)) await repository.pushManifest(manifest);
  await repository.pushManifest(bundle.index, [tag]);
}
