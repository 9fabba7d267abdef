// Databases that somebody else made, in and out again, as the real Trivy sees them: the same findings with the original and
// with ours, one more with one own advisory; and what Trivy does with a database whose time is over.

import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Json } from '../../src/core/canonical-json.ts';
import type { BoltFact } from '../../src/boltdb/types.ts';
import { buildBboltJudge } from '../boltdb/bbolt-judge.ts';
import { judge, judgeOrSkip, skipWithout } from '../judges.ts';
import { buildGoJudge, judgeOf } from '../support/go-judge.ts';
import { mustRun, runProgram } from '../support/run-program.ts';
import type { Scope } from '../support/scope.ts';
import { exportCenterJson, startService, type Service } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

type Finding = Readonly<Record<string, Json>> & { readonly VulnerabilityID: string; readonly PkgName: string };

type Report = {
  readonly Results?: readonly { readonly Target: string; readonly Vulnerabilities?: readonly Finding[] }[];
};

const layerType = 'application/vnd.aquasec.trivy.db.layer.v1.tar+gzip';
const quiet = ['--quiet', '--format', 'json', '--scanners', 'vuln', '--offline-scan', '--skip-version-check'];

/** Every finding of a scan with all that Trivy says of it, sorted. */
async function scan(target: readonly string[], repository: string, cache: string): Promise<string[]> {
  const args = [...target, ...quiet, '--skip-java-db-update', '--db-repository', repository, '--cache-dir', cache];
  const { Results = [] } = JSON.parse(await mustRun(judge('trivy'), args, { timeoutMs: 300_000 })) as Report;
  const found = Results.flatMap(({ Target, Vulnerabilities = [] }) =>
    Vulnerabilities.map((finding) => JSON.stringify({ Target, ...finding })),
  );
  return found.sort();
}

/** Pushes a database as its publisher does, with oras. */
async function pushUpstream(scope: Scope, service: Service, folder: string): Promise<string> {
  const times = '"UpdatedAt":"2026-01-02T00:00:00Z","NextUpdate":"3000-01-01T00:00:00Z"';
  await writeFile(join(folder, 'metadata.json'), `{"Version":2,${times},"DownloadedAt":"0001-01-01T00:00:00Z"}\n`);
  const archive = await temporaryFolder(scope, 'archive');
  await mustRun('tar', ['-C', folder, '-czf', join(archive, 'db.tar.gz'), 'trivy.db', 'metadata.json']);
  const reference = `${service.host}/default/upstream:2`;
  const type = ['--artifact-type', 'application/vnd.aquasec.trivy.config.v1+json'];
  const login = ['--username', 'operator', '--password', await service.operatorToken()];
  const args = ['push', ...login, ...type, reference, `db.tar.gz:${layerType}`];
  await mustRun(judge('oras'), args, { cwd: archive });
  return reference;
}

async function takeInAndRun(service: Service, reference: string): Promise<void> {
  const data = ['--data', service.data];
  await exportCenterJson(['ingest', 'upstream', `oci:${reference}`, '--format', 'trivy-db', ...data]);
  await exportCenterJson(['run', 'trivy:db', ...data]);
}

/** A system and a project, and a database by the real bbolt with advisories about both. */
const facts: BoltFact[] = (
  [
    [['alpine 3.19', 'musl'], 'CVE-2026-1001', { FixedVersion: '1.2.4_git20230717-r9' }],
    [['alpine 3.19', 'musl'], 'CVE-2026-1002', { FixedVersion: '1.2.3-r0' }],
    [['data-source'], 'alpine 3.19', { ID: 'alpine', Name: 'Alpine Secdb', URL: 'https://secdb.alpinelinux.org/' }],
    [['data-source'], 'npm::GitHub Security Advisory Npm', { ID: 'ghsa', Name: 'GitHub Security Advisory Npm' }],
    [
      ['npm::GitHub Security Advisory Npm', 'left-pad'],
      'CVE-2026-2001',
      { PatchedVersions: ['1.3.0'], VulnerableVersions: ['< 1.3.0'] },
    ],
    [['vulnerability'], 'CVE-2026-1001', { Title: 'musl & more', VendorSeverity: { nvd: 4 }, Severity: 'CRITICAL' }],
    [['vulnerability'], 'CVE-2026-2001', { Description: 'a <flaw>', VendorSeverity: { ghsa: 3 }, Severity: 'HIGH' }],
  ] as const
).map(([path, key, value]) => ({ path, key, value: JSON.stringify(value) }));

const installed = 'C:Q1\nP:musl\nV:1.2.4_git20230717-r4\nA:x86_64\no:musl\n\n';
const lock = (packages: Json): string =>
  JSON.stringify({ name: 'app', version: '1.0.0', lockfileVersion: 3, requires: true, packages });

async function systemAndProject(scope: Scope): Promise<string> {
  const root = await temporaryFolder(scope, 'rootfs');
  await mkdir(join(root, 'etc'));
  await mkdir(join(root, 'lib/apk/db'), { recursive: true });
  await writeFile(join(root, 'etc/alpine-release'), '3.19.1\n');
  await writeFile(join(root, 'etc/os-release'), 'ID=alpine\nVERSION_ID=3.19.1\n');
  await writeFile(join(root, 'lib/apk/db/installed'), installed);
  const packages = { '': { name: 'app', version: '1.0.0', dependencies: { 'left-pad': '1.2.0', asap: '2.0.6' } } };
  const modules = { 'node_modules/left-pad': { version: '1.2.0' }, 'node_modules/asap': { version: '2.0.6' } };
  await writeFile(join(root, 'package-lock.json'), lock({ ...packages, ...modules }));
  return root;
}

const ownAdvisory = {
  id: 'ACME-2026-1',
  modified: '2026-01-02T03:04:05Z',
  affected: [
    {
      package: { ecosystem: 'npm', name: 'asap' },
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.7' }] }],
    },
  ],
};

describe('an upstream database as an overlay', { skip: skipWithout('trivy', 'oras') }, () => {
  it('leaves every finding as it is, and an own advisory adds its own alone', async (t) => {
    const folder = await temporaryFolder(t, 'upstream');
    const bbolt = judgeOf(t, await buildBboltJudge(await temporaryFolder(t, 'bbolt-judge')));
    if (bbolt === undefined) return;
    await bbolt.fill(join(folder, 'trivy.db'), facts, 4_096, 3);
    const service = await startService(t);
    const reference = await pushUpstream(t, service, folder);
    await takeInAndRun(service, reference);
    const root = await systemAndProject(t);
    const caches = await temporaryFolder(t, 'caches');
    const original = await scan(['fs', root], reference, join(caches, 'theirs'));
    const published = `${service.host}/default/trivy-db:2`;
    assert.deepEqual(await scan(['fs', root], published, join(caches, 'ours')), original);
    const ids = original.map((finding) => (JSON.parse(finding) as Finding).VulnerabilityID);
    assert.deepEqual(ids.sort(), ['CVE-2026-1001', 'CVE-2026-2001']);
    const own = join(folder, 'ACME-2026-1.json');
    await writeFile(own, JSON.stringify(ownAdvisory));
    await exportCenterJson(['ingest', 'acme', own, '--data', service.data]);
    await exportCenterJson(['run', 'trivy:db', '--data', service.data]);
    const more = await scan(['fs', root], published, join(caches, 'own'));
    const before = new Set(original);
    const added = more.filter((finding) => !before.has(finding)).map((finding) => JSON.parse(finding) as Finding);
    assert.deepEqual(
      added.map(({ VulnerabilityID, PkgName, FixedVersion }) => [VulnerabilityID, PkgName, FixedVersion]),
      [['ACME-2026-1', 'asap', '2.0.7']],
    );
    assert.equal(more.length, 1 + original.length);
  });

  it('leaves every finding of Trivy’s own test projects as it is', async (t) => {
    const testdata = await trivyTestdata();
    if (testdata === undefined)
      return t.skip('the sources of Trivy are not in the module cache: npm run judges -- trivy');
    const folder = await temporaryFolder(t, 'fixtures');
    const source = join(import.meta.dirname, 'trivy-fixture-db');
    const built = judgeOf(t, await buildGoJudge(source, await temporaryFolder(t, 'trivy-fixture-db')));
    if (built === undefined) return;
    await mustRun(built.program, [join(folder, 'trivy.db'), ...globSync(join(testdata, 'fixtures/db/*.yaml')).sort()]);
    const service = await startService(t);
    const reference = await pushUpstream(t, service, folder);
    await takeInAndRun(service, reference);
    const caches = await temporaryFolder(t, 'caches');
    let findings = 0;
    for (const target of [
      ['fs', '--include-dev-deps', join(testdata, 'fixtures/repo')],
      ['sbom', join(testdata, 'fixtures/sbom/centos-7-cyclonedx.json')],
    ]) {
      const theirs = await scan(target, reference, join(caches, 'theirs'));
      assert.deepEqual(await scan(target, `${service.host}/default/trivy-db:2`, join(caches, 'ours')), theirs);
      findings += theirs.length;
    }
    assert.ok(findings >= 30, `${findings} findings`);
  });
});

/** The test data of the judge's sources, where they are. */
async function trivyTestdata(): Promise<string | undefined> {
  const { stdout } = await runProgram('go', ['env', 'GOMODCACHE']).catch(() => ({ stdout: '' }));
  const [found] = globSync(join(stdout.trim(), 'github.com/aquasecurity/trivy@v0.74.0/integration/testdata'));
  return stdout.trim() === '' ? undefined : found;
}

describe('a database whose next update is over', { skip: skipWithout('trivy', 'oras', 'faketime') }, () => {
  it('is used all the same, and fetched again an hour after each download', async (t) => {
    const trivy = judgeOrSkip(t, 'trivy');
    const [library] = globSync('/usr/lib/*/faketime/libfaketime.so.1');
    if (trivy === undefined || library === undefined) return t.skip('the library of faketime is not here');
    // The clock of the service alone is moved; Trivy, as a Go program, keeps its own.
    const env = { LD_PRELOAD: library, FAKETIME: '@2026-01-02 06:00:00', FAKETIME_DONT_FAKE_MONOTONIC: '1' };
    const folder = await temporaryFolder(t, 'upstream');
    const bbolt = judgeOf(t, await buildBboltJudge(await temporaryFolder(t, 'bbolt-judge')));
    if (bbolt === undefined) return;
    await bbolt.fill(join(folder, 'trivy.db'), facts, 4_096, 1);
    const service = await startService(t, { env });
    await takeInAndRun(service, await pushUpstream(t, service, folder));
    const root = await systemAndProject(t);
    const cache = await temporaryFolder(t, 'cache');
    const metadata = join(cache, 'db/metadata.json');
    const read = async () => JSON.parse(await readFile(metadata, 'utf8')) as Record<string, string>;
    const scanned = (...more: string[]) => scan(['fs', ...more, root], `${service.host}/default/trivy-db:2`, cache);
    const findings = await scanned();
    assert.equal(findings.length, 2);
    const first = await read();
    assert.equal(first['NextUpdate'], '2026-01-03T00:00:00Z');
    assert.ok(Date.parse(first['NextUpdate']) < Date.parse(first['DownloadedAt'] ?? ''));
    assert.deepEqual(await scanned(), findings);
    assert.deepEqual(await read(), first, 'within the hour nothing is fetched');
    const anHourAgo = new Date(Date.now() - 61 * 60_000).toISOString();
    await writeFile(metadata, JSON.stringify({ ...first, Version: 2, DownloadedAt: anHourAgo }));
    assert.deepEqual(await scanned('--skip-db-update'), findings);
    assert.equal((await read())['DownloadedAt'], anHourAgo, 'without an update it goes on with what it has');
    assert.deepEqual(await scanned(), findings);
    assert.ok(((await read())['DownloadedAt'] ?? '') > anHourAgo, 'after the hour the same database is fetched again');
  });
});
