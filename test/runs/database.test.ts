// Databases through the center: artifact as upstream's, mirror, chain, guards.

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openBolt } from '../../src/boltdb/open-bolt.ts';
import { readDeltaStep } from '../../src/consumer/delta-chain.ts';
import { deltaTagOf } from '../../src/profiles/mirror/delta.ts';
import type { ShardedBundle } from '../../src/profiles/sharded/compose.ts';
import { readBundle, stateLines } from '../../src/profiles/sharded/read.ts';
import { openTestCenter, type EvidenceLine, type TestCenter } from '../support/center.ts';
import {
  manifestOf,
  provenanceOf,
  ranged,
  rangedFeed,
  repositoryOf,
  unpackLayer,
} from '../support/database-evidence.ts';

const day1 = [...rangedFeed('npm', 130), ...rangedFeed('PyPI', 120)];
const day2: EvidenceLine[] = [
  ranged('GHSA-2026-1003', { fixed: '1.3.0', modified: '2026-07-02T10:00:00Z' }),
  ranged('GHSA-2026-9000', { modified: '2026-07-02T09:00:00Z' }),
  { op: 'del', source: 'pypi', path: 'OSVX-2026-1005.json' },
];

async function mirrorOf(test: TestCenter): Promise<ShardedBundle> {
  const repository = await repositoryOf(test, 'trivy-db-mirror');
  const latest = await repository.manifest('latest');
  assert.ok(latest);
  return readBundle(repository, latest);
}

describe('the artifact of a database', () => {
  it("is upstream's: one layer, empty config in the manifest, title, created of the state", async (t) => {
    const test = await openTestCenter(t);
    await test.ingest(day1);
    const result = await test.succeed('trivy:db');
    const repository = await repositoryOf(test, 'trivy-db');
    const manifest = await manifestOf(repository, '2');
    const [layer] = manifest.layers;
    assert.deepEqual(manifest, {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      artifactType: 'application/vnd.aquasec.trivy.config.v1+json',
      config: {
        mediaType: 'application/vnd.oci.empty.v1+json',
        digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
        size: 2,
        data: 'e30=',
      },
      layers: [
        {
          mediaType: 'application/vnd.aquasec.trivy.db.layer.v1.tar+gzip',
          digest: layer?.digest,
          size: layer?.size,
          annotations: { 'org.opencontainers.image.title': 'db.tar.gz' },
        },
      ],
      annotations: { 'org.opencontainers.image.created': '2026-07-01T00:00:00Z' },
    });
    const tags = (await repository.tags()).filter((tag) => !tag.startsWith('sha256-'));
    assert.deepEqual(tags, ['2', 'latest', `s-20260701T000000Z-${result.digest.slice(7, 19)}`]);
    for (const tag of tags) assert.equal((await repository.resolve(tag))?.digest, result.digest);
  });

  it('holds the database and its age, owned by nobody and without a time', async (t) => {
    const test = await openTestCenter(t);
    await test.ingest(day1);
    await test.succeed('trivy:db');
    const layer = await unpackLayer(t, await repositoryOf(test, 'trivy-db'), 'latest');
    const names = layer.listing.trim().split('\n');
    assert.equal(names.length, 2);
    assert.match(names[0] ?? '', /^-rw-r--r-- 0\/0 +\d+ 1970-01-01 00:00:00 trivy\.db$/);
    assert.match(names[1] ?? '', /^-rw-r--r-- 0\/0 +\d+ 1970-01-01 00:00:00 metadata\.json$/);
    assert.equal(
      (await layer.file('metadata.json')).toString(),
      '{"Version":2,"NextUpdate":"2026-07-02T00:00:00Z","UpdatedAt":"2026-07-01T00:00:00Z","DownloadedAt":"0001-01-01T00:00:00Z"}\n',
    );
    const file = await layer.file('trivy.db');
    const bolt = await openBolt((at, length) => Promise.resolve(file.subarray(at, at + length)), file.length);
    assert.equal(await bolt.hasBucket(['vulnerability']), true);
    assert.equal(await bolt.hasBucket(['data-source']), true);
  });

  it('is the same on repeat, and with the evidence in other portions and another order', async (t) => {
    const [first, second] = [await openTestCenter(t), await openTestCenter(t)];
    await first.ingest(day1);
    for (let at = day1.length; at > 0; at -= 40) await second.ingest(day1.slice(Math.max(0, at - 40), at));
    const results = [await first.succeed('trivy:db'), await second.succeed('trivy:db')];
    assert.equal(results[0]?.digest, results[1]?.digest);
    assert.equal((await mirrorOf(first)).index.descriptor.digest, (await mirrorOf(second)).index.descriptor.digest);
    const again = await first.succeed('trivy:db');
    const facts = ({ digest, setRoot, records, bytes, layers }: typeof again) => ({
      digest,
      setRoot,
      records,
      bytes,
      layers,
    });
    assert.deepEqual(facts(again), facts(results[0] as typeof again));
    assert.deepEqual([again.bytesNew, again.layersNew], [0, 0]);
    assert.deepEqual(
      (await readdir(join(first.data, 'tmp'))).filter((name) => name.startsWith('run-')),
      [],
    );
  });

  it('says in NextUpdate for how long the profile holds it to be fresh', async (t) => {
    const test = await openTestCenter(t);
    await test.center.putProfile('default', { name: 'trivy:db', kind: 'trivy:db', validFor: 'P30D' });
    await test.ingest(day1);
    await test.succeed('trivy:db');
    const layer = await unpackLayer(t, await repositoryOf(test, 'trivy-db'), '2');
    assert.match((await layer.file('metadata.json')).toString(), /"NextUpdate":"2026-07-31T00:00:00Z"/);
  });
});

describe('the mirror of a database', () => {
  it('has the rows of the file, and names the artifact that they make', async (t) => {
    const test = await openTestCenter(t);
    await test.ingest(day1);
    const result = await test.succeed('trivy:db');
    const { exportManifest } = await mirrorOf(test);
    const { layers } = await manifestOf(await repositoryOf(test, 'trivy-db'), '2');
    assert.deepEqual(exportManifest.rebuilds, {
      reference: 'trivy-db',
      manifestDigest: result.digest,
      layerDigest: layers[0]?.digest,
      kind: 'trivy:db',
      writer: 'bolt/1',
      gzip: { id: 'fflate/0.8.3', level: 6, member: 1_048_576 },
      nextUpdate: '2026-07-02T00:00:00Z',
    });
    const counted = exportManifest.buckets ?? [];
    assert.equal(
      counted.reduce((sum, { rows }) => sum + rows, 0),
      result.records,
    );
    // What no evidence says but Trivy needs has a source of its own.
    for (const { bucket, rows, sources } of counted) {
      assert.deepEqual(sources, [{ source: bucket === 'Red Hat CPE' ? 'export-center' : 'osv', rows }]);
    }
    const layer = await unpackLayer(t, await repositoryOf(test, 'trivy-db'), '2');
    const file = await layer.file('trivy.db');
    const bolt = await openBolt((at, length) => Promise.resolve(file.subarray(at, at + length)), file.length);
    const inFile: string[] = [];
    for await (const page of bolt.facts()) {
      for (const { path, key, value } of page) if (value) inFile.push([...path, key].join('\u001f') + value.toString());
    }
    const inMirror: string[] = [];
    const repository = await repositoryOf(test, 'trivy-db-mirror');
    for await (const page of stateLines(repository, await mirrorOf(test))) {
      for (const { k, v } of page) inMirror.push(k + v.toString());
    }
    assert.deepEqual(inFile, inMirror);
    assert.equal(inMirror.length, result.records);
  });

  it('goes on with a journal, and with a delta that consumers find', async (t) => {
    const test = await openTestCenter(t);
    await test.ingest(day1);
    await test.succeed('trivy:db');
    const before = await mirrorOf(test);
    await test.ingest(day2);
    await test.succeed('trivy:db');
    const after = await mirrorOf(test);
    assert.equal(after.exportManifest.previous, before.index.descriptor.digest);
    assert.equal(after.journals.length, 1);
    assert.deepEqual(after.bases, before.bases);
    const repository = await repositoryOf(test, 'trivy-db-mirror');
    const delta = await repository.manifest(deltaTagOf(after.index.descriptor.digest));
    const step = delta && (await readDeltaStep(repository, delta));
    assert.deepEqual(step?.config.head.rebuilds, after.exportManifest.rebuilds);
    assert.equal(step?.config.from, before.index.descriptor.digest);
    assert.equal((await repository.resolve('delta'))?.digest, delta?.descriptor.digest);
  });

  it('stands beside the chain when it is asked for without history', async (t) => {
    const test = await openTestCenter(t);
    await test.ingest(day1);
    await test.succeed('trivy:db');
    await test.ingest(day2);
    const chained = await test.succeed('trivy:db');
    const flat = await test.succeed({ profile: 'trivy:db', base: 'none' });
    assert.equal(flat.digest, chained.digest);
    const fresh = await openTestCenter(t);
    const replaced = new Set(day2.map(({ path }) => path));
    await fresh.ingest([...day1.filter(({ path }) => !replaced.has(path)), ...day2.filter(({ op }) => op !== 'del')]);
    assert.equal((await fresh.succeed('trivy:db')).digest, chained.digest);
    const tag = `s-20260702T100000Z-${(await mirrorOf(fresh)).index.descriptor.digest.slice(7, 19)}`;
    assert.ok(await (await repositoryOf(test, 'trivy-db-mirror')).resolve(tag));
  });
});

describe('a database is refused', () => {
  it('when a bucket lost more than the profile allows, until the loss is accepted, which the provenance records', async (t) => {
    const test = await openTestCenter(t);
    await test.ingest(day1);
    const good = await test.succeed('trivy:db');
    const lost = day1.filter(({ source }) => source === 'pypi').slice(0, 60);
    await test.ingest(lost.map(({ source, path }) => ({ op: 'del', source, path })));
    const { failure } = await test.run('trivy:db');
    assert.equal(failure?.code, 'ERR_EXPORT_SHRUNK');
    assert.match(failure?.message ?? '', /^(pip::|vulnerability)/);
    const repository = await repositoryOf(test, 'trivy-db');
    assert.equal((await repository.resolve('2'))?.digest, good.digest);
    const accepted = await test.succeed({ profile: 'trivy:db', acceptShrink: true });
    assert.equal((await repository.resolve('2'))?.digest, accepted.digest);
    const { buildDefinition } = await provenanceOf(repository, accepted.digest);
    assert.equal(buildDefinition.externalParameters['acceptShrink'], true);
  });

  it('when its newest record is older than the profile allows', async (t) => {
    const clock = { now: () => new Date('2026-07-20T00:00:00Z') };
    const test = await openTestCenter(t, { clock });
    await test.center.putProfile('default', { name: 'trivy:db', kind: 'trivy:db', maxAge: 'P7D' });
    await test.ingest(day1);
    assert.equal((await test.run('trivy:db')).failure?.code, 'ERR_EXPORT_STALE');
    assert.equal(await (await repositoryOf(test, 'trivy-db')).resolve('2'), undefined);
  });

  it('when it would be empty', async (t) => {
    const test = await openTestCenter(t);
    assert.equal((await test.run('trivy:db')).failure?.code, 'ERR_EXPORT_SHRUNK');
    assert.equal(await (await repositoryOf(test, 'trivy-db')).resolve('2'), undefined);
  });
});
