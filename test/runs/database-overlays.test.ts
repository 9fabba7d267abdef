// Databases over the databases of others: precedence, origins, age, and the Java database with its scopes.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { mirrorPull } from '../../src/consumer/pull.ts';
import { canonicalBytes, type Json } from '../../src/core/canonical-json.ts';
import { metadataJson } from '../../src/profiles/database/metadata.ts';
import { rowKey } from '../../src/profiles/database/row.ts';
import { productOf } from '../../src/profiles/database/products.ts';
import { readBundle, stateLines } from '../../src/profiles/sharded/read.ts';
import { startRegistry } from '../registry/start-registry.ts';
import { openTestCenter, tenant, type TestCenter } from '../support/center.ts';
import { provenanceOf, ranged, repositoryOf } from '../support/database-evidence.ts';
import { temporaryFolder, type Scope } from '../support/temporary-folder.ts';

type Rows = readonly (readonly [k: string, v: Json])[];

/** Takes a database in as `source`, as the plain files that people have. */
async function takeIn(scope: Scope, test: TestCenter, kind: 'trivy:db' | 'trivy:java-db', source: string, rows: Rows) {
  const product = productOf(kind);
  assert.ok(product);
  const folder = join(await temporaryFolder(scope, 'upstream'), 'db');
  await mkdir(folder);
  const pages = async function* () {
    yield rows.map(([k, v]) => ({ k, v: canonicalBytes(v) }));
  };
  await product.writeFile(pages(), join(folder, product.fileName));
  const times = { updatedAt: '2026-06-30T00:00:00Z', nextUpdate: '2026-07-01T00:00:00Z' };
  await writeFile(join(folder, 'metadata.json'), metadataJson(product.version, times));
  const format = kind.replace(':', '-');
  await test.center.ingest(tenant, { source, from: join(folder, product.fileName), format });
}

async function published(test: TestCenter, mirror: string) {
  const repository = await repositoryOf(test, mirror);
  const latest = await repository.manifest('latest');
  assert.ok(latest);
  const bundle = await readBundle(repository, latest);
  const rows = new Map<string, Json>();
  for await (const page of stateLines(repository, bundle)) {
    for (const { k, v } of page) rows.set(k, JSON.parse(v.toString()) as Json);
  }
  return { rows, exportManifest: bundle.exportManifest };
}

const upstream: Rows = [
  [rowKey('Oracle Linux 8', 'curl', 'ELSA-2026-1'), { FixedVersion: '7.61.1-34.el8' }],
  [rowKey('data-source', 'npm::GitHub Security Advisory npm'), { ID: 'ghsa', Name: 'GitHub', URL: 'https://x' }],
  [
    rowKey('npm::GitHub Security Advisory npm', 'package-ghsa-2026-1000', 'CVE-2026-1000'),
    { VulnerableVersions: ['<9.9.9'] },
  ],
  [rowKey('vulnerability', 'CVE-2026-1000'), { Title: 'upstream' }],
];

describe('trivy:db over an upstream database', () => {
  it('keeps what nothing of our own speaks of, and says of each bucket where it came from', async (t) => {
    const test = await openTestCenter(t);
    await takeIn(t, test, 'trivy:db', 'upstream', upstream);
    await test.ingest([ranged('GHSA-2026-1000', { fixed: '1.2.3' })]);
    const { digest } = await test.succeed('trivy:db');
    const { rows, exportManifest } = await published(test, 'trivy-db-mirror');
    assert.deepEqual(rows.get(rowKey('Oracle Linux 8', 'curl', 'ELSA-2026-1')), { FixedVersion: '7.61.1-34.el8' });
    const own = [...rows].filter(([k]) => k.startsWith('npm::'));
    assert.match(JSON.stringify(own), /1\.2\.3/);
    const sources = new Map(exportManifest.buckets?.map(({ bucket, sources: names }) => [bucket, names]));
    assert.deepEqual(sources.get('Oracle Linux 8'), [{ source: 'upstream', rows: 1 }]);
    const [pointer] = await test.center
      .evidenceSources(tenant)
      .then((all) => all.flatMap(({ databases = [] }) => databases));
    const { resolvedDependencies } = (await provenanceOf(await repositoryOf(test, 'trivy-db'), digest)).buildDefinition;
    assert.deepEqual(
      resolvedDependencies.filter(({ name }) => name === 'overlay'),
      [
        {
          name: 'overlay',
          uri: 'urn:export-center:source:upstream',
          digest: { sha256: pointer?.layerDigest.replace('sha256:', '') },
        },
      ],
    );
  });

  it('is refused once the upstream database is too old, however new the own evidence is', async (t) => {
    const test = await openTestCenter(t, { clock: { now: () => new Date('2026-07-09T00:00:00Z') } });
    await test.center.putProfile(tenant, { name: 'trivy:db', kind: 'trivy:db', maxAge: 'P7D' });
    await takeIn(t, test, 'trivy:db', 'upstream', upstream);
    await test.ingest([ranged('GHSA-2026-1000', { modified: '2026-07-08T00:00:00Z' })]);
    const { failure } = await test.run('trivy:db');
    assert.equal(failure?.code, 'ERR_EXPORT_STALE');
    assert.match(failure?.message ?? '', /upstream.*2026-06-30T00:00:00Z/);
  });
});

const sha1 = (digit: string): string => digit.repeat(40);

const index: Rows = [
  [rowKey('org.example', 'codec', '1.1', ''), { jar: [sha1('a')] }],
  [rowKey('org.example', 'codec', '1.2', ''), { jar: [sha1('b')] }],
  [rowKey('org.quiet', 'harmless', '1.0', ''), { jar: [sha1('c')] }],
];

describe('trivy:java-db', () => {
  it('is an artifact like upstream’s, out of an upstream index and own lists, and its mirror rebuilds it', async (t) => {
    const test = await openTestCenter(t);
    await takeIn(t, test, 'trivy:java-db', 'upstream', index);
    await ingestList(t, test, [['com.example', 'billing', '4.2.0', '', sha1('d')]]);
    const { digest, records } = await test.succeed('trivy:java-db');
    assert.equal(records, 4);
    const repository = await repositoryOf(test, 'trivy-java-db');
    const tags = (await repository.tags()).filter((tag) => !tag.startsWith('sha256-'));
    assert.deepEqual(tags, ['1', 'latest', `s-20260630T000000Z-${digest.slice(7, 19)}`]);
    const registry = await startRegistry(t, { storage: await test.center.registryStorage() });
    const dir = join(await temporaryFolder(t, 'java'), 'mirror');
    const pulled = await mirrorPull({ reference: `${registry.host}/default/trivy-java-db-mirror:latest`, dir });
    assert.deepEqual([pulled.database?.how, pulled.database?.digest], ['rebuilt', digest]);
  });

  it('has in the scope advised only artifacts that advisories speak of, upstream ones too', async (t) => {
    const test = await openTestCenter(t);
    await takeIn(t, test, 'trivy:java-db', 'upstream', index);
    await takeIn(t, test, 'trivy:db', 'advisories', [
      [
        rowKey('maven::GitHub Security Advisory Maven', 'com.example:billing', 'CVE-2026-1'),
        { VulnerableVersions: ['<5'] },
      ],
    ]);
    const affected = [{ package: { ecosystem: 'Maven', name: 'org.other:codec' }, versions: ['1'] }];
    const text = JSON.stringify({ id: 'GHSA-1', modified: '2026-07-01T00:00:00Z', affected });
    await test.ingest([{ op: 'put', source: 'maven', path: 'GHSA-1.json', text }]);
    await ingestList(t, test, [
      ['com.example', 'billing', '4.2.0', '', sha1('d')],
      ['com.example', 'unheard-of', '1', '', sha1('e')],
    ]);
    await test.center.putProfile(tenant, { name: 'trivy:java-db', kind: 'trivy:java-db', scope: { advised: true } });
    await test.succeed('trivy:java-db');
    const { rows, exportManifest } = await published(test, 'trivy-java-db-mirror');
    assert.deepEqual(
      [...rows.keys()].map((k) => k.split('\u001f')[1]),
      ['billing', 'codec', 'codec'],
    );
    assert.deepEqual(exportManifest.leftOut, [{ code: 'not-advised', count: 1 }]);
    assert.deepEqual(exportManifest.scope, { advised: true });
  });
});

async function ingestList(scope: Scope, test: TestCenter, rows: readonly (readonly string[])[]): Promise<void> {
  const file = join(await temporaryFolder(scope, 'list'), 'list.tsv');
  await writeFile(file, rows.map((row) => `${row.join('\t')}\n`).join(''));
  await test.center.ingest(tenant, { source: 'lists', from: file, format: 'gav' });
}
