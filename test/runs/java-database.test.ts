// trivy:java-db through the center: upstream's database under own evidence, artifact as upstream's, the scope `advised`, and a
// consumer that makes the very artifact.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { mirrorPull } from '../../src/consumer/pull.ts';
import { javaDbRows } from '../../src/profiles/trivy-java-db/read-java-db.ts';
import { readBundle } from '../../src/profiles/sharded/read.ts';
import { writeUpstreamFile, type UpstreamRow } from '../profiles/trivy-java-db/upstream-file.ts';
import { startRegistry } from '../registry/start-registry.ts';
import { openTestCenter, tenant, type TestCenter } from '../support/center.ts';
import { manifestOf, ranged, repositoryOf, unpackLayer } from '../support/database-evidence.ts';
import { temporaryFolder, type Scope } from '../support/temporary-folder.ts';

const row = (group: string, artifact: string, version: string, sha1: string): UpstreamRow => {
  return { group, artifact, version, classifier: '', sha1: sha1.repeat(40).slice(0, 40) };
};

const upstream = [
  row('org.upstream', 'kept', '1.0', '1'),
  row('org.upstream', 'kept', '1.1', '2'),
  row('org.upstream', 'corrected', '1.0', '3'),
  row('org.upstream', 'quiet', '1.0', '4'),
  row('org.fork', 'Kept', '1.0', '5'),
];
/** The second row says of an archive of upstream's what it really is; the last two claim one archive. */
const own = [
  row('com.example', 'own', '1.0', 'a'),
  row('com.example', 'renamed', '1.0', '3'),
  row('com.example', 'first', '1.0', 'b'),
  row('com.example', 'second', '1.0', 'b'),
];
const metadata = '{"Version":1,"NextUpdate":"2026-07-04T00:00:00Z","UpdatedAt":"2026-07-01T12:00:00Z"}\n';

async function worldOf(scope: Scope): Promise<TestCenter> {
  const test = await openTestCenter(scope);
  const folder = await temporaryFolder(scope, 'java');
  const list = join(folder, 'own.tsv');
  await writeFile(
    list,
    own.map((r) => `${[r.group, r.artifact, r.version, r.classifier, r.sha1].join('\t')}\n`).join(''),
  );
  await test.center.ingest(tenant, { source: 'lists', format: 'gav', from: list });
  writeUpstreamFile(join(folder, 'trivy-java.db'), upstream);
  await writeFile(join(folder, 'metadata.json'), metadata);
  await test.center.ingest(tenant, {
    source: 'upstream',
    format: 'trivy-java-db',
    from: join(folder, 'trivy-java.db'),
  });
  return test;
}

/** What the published file holds: `group:artifact:version digit`. */
async function published(scope: Scope, test: TestCenter, repository = 'trivy-java-db'): Promise<string[]> {
  const layer = await unpackLayer(scope, await repositoryOf(test, repository), 'latest');
  const file = join(await temporaryFolder(scope, 'java-file'), 'trivy-java.db');
  await writeFile(file, await layer.file('trivy-java.db'));
  const found: string[] = [];
  for await (const page of javaDbRows(file)) {
    for (const { k, v } of page) {
      const { jar } = JSON.parse(v.toString('utf8')) as { jar: string[] };
      found.push(`${k.split('\u001f').slice(0, 3).join(':')} ${jar.map((sha1) => sha1[0]).join('')}`);
    }
  }
  return found.sort();
}

describe('trivy:java-db', () => {
  it("lays own evidence over upstream's rows, under upstream's names and types", async (t) => {
    const test = await worldOf(t);
    const { digest } = await test.succeed('trivy:java-db');
    assert.deepEqual(await published(t, test), [
      'com.example:first:1.0 b',
      'com.example:own:1.0 a',
      'com.example:renamed:1.0 3',
      'org.fork:Kept:1.0 5',
      'org.upstream:kept:1.0 1',
      'org.upstream:kept:1.1 2',
      'org.upstream:quiet:1.0 4',
    ]);
    const repository = await repositoryOf(test, 'trivy-java-db');
    const manifest = await manifestOf(repository, '1');
    assert.equal(manifest.layers[0]?.mediaType, 'application/vnd.aquasec.trivy.javadb.layer.v1.tar+gzip');
    assert.deepEqual(manifest.layers[0]?.annotations, { 'org.opencontainers.image.title': 'javadb.tar.gz' });
    assert.equal((await repository.resolve('latest'))?.digest, digest);
    const layer = await unpackLayer(t, repository, '1');
    assert.equal(
      (await layer.file('metadata.json')).toString(),
      '{"Version":1,"NextUpdate":"2026-07-04T12:00:00Z","UpdatedAt":"2026-07-01T12:00:00Z","DownloadedAt":"0001-01-01T00:00:00Z"}\n',
    );
  });

  it('says what it left out, and is the same on repeat', async (t) => {
    const [first, second] = [await worldOf(t), await worldOf(t)];
    assert.equal((await first.succeed('trivy:java-db')).digest, (await second.succeed('trivy:java-db')).digest);
    const mirror = await repositoryOf(first, 'trivy-java-db-mirror');
    const index = await mirror.manifest('latest');
    assert.ok(index);
    const { exportManifest } = await readBundle(mirror, index);
    assert.deepEqual(exportManifest.leftOut, [{ code: 'sha1-of-another', count: 1 }]);
  });

  it('with the scope `advised` holds the artifacts of advisories alone, under all their groups', async (t) => {
    const test = await worldOf(t);
    const advisory = (name: string) => {
      const line = ranged(`GHSA-2026-${name}`, { ecosystem: 'Maven' });
      return { ...line, text: line.text?.replace(/"name":"[^"]*"/, `"name":"org.upstream:${name}"`) ?? '' };
    };
    // Upstream's archive of the third name is one of another, whether advisories speak of that or not.
    await test.ingest([advisory('kept'), advisory('own'), advisory('corrected')]);
    const name = 'java:advised';
    await test.center.putProfile(tenant, { name, kind: 'trivy:java-db', scope: { advised: true } });
    await test.succeed(name);
    assert.deepEqual(await published(t, test, 'java-advised'), [
      'com.example:own:1.0 a',
      'org.fork:Kept:1.0 5',
      'org.upstream:kept:1.0 1',
      'org.upstream:kept:1.1 2',
    ]);
  });

  it('is made anew by a consumer out of the rows, day after day, without fetching it', async (t) => {
    const test = await worldOf(t);
    const registry = await startRegistry(t, { storage: await test.center.registryStorage() });
    const dir = join(await temporaryFolder(t, 'java-mirror'), 'mirror');
    const more = join(await temporaryFolder(t, 'java'), 'more.tsv');
    await writeFile(more, `com.example\tlate\t1.0\t\t${'c'.repeat(40)}\n`);
    for (const day of [1, 2]) {
      if (day === 2) await test.center.ingest(tenant, { source: 'lists', format: 'gav', from: more });
      const { digest } = await test.succeed('trivy:java-db');
      const pulled = await mirrorPull({ reference: `${registry.host}/default/trivy-java-db-mirror:latest`, dir });
      assert.deepEqual([pulled.database?.digest, pulled.database?.how], [digest, 'rebuilt']);
    }
  });
});
