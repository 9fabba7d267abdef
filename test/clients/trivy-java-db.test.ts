// The real Trivy with a Java database of ours: archives without pom.properties are known by their SHA-1, by the names of
// their files, and inside of WARs; with the artifacts of advisories alone the findings are the same.

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { mkdir, open, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { writeBolt } from '../../src/boltdb/write-bolt.ts';
import { canonicalBytes, type Json } from '../../src/core/canonical-json.ts';
import type { DatabaseRow } from '../../src/profiles/database/row.ts';
import { rowKey } from '../../src/profiles/database/row.ts';
import { factsOfRows } from '../../src/profiles/trivy-db/bolt-row.ts';
import { advisedByRow, advisedRows } from '../../src/profiles/trivy-java-db/advised.ts';
import { writeJavaDb } from '../../src/profiles/trivy-java-db/write-java-db.ts';
import { buildZip } from '../evidence/zip-builder.ts';
import { judgeOrSkip } from '../judges.ts';
import { mustRun } from '../support/run-program.ts';
import { exportCenterJson } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openPublisher } from './publisher.ts';

type Found = { readonly path: string; readonly id: string; readonly name: string; readonly version: string };

/** An archive with nothing in it that names it. */
function bare(seed: string): Buffer {
  return buildZip([{ name: `${seed}/Main.class`, content: `code of ${seed}`, stored: true }]);
}

const stripped = bare('stripped');
const internal = bare('internal');
const unknown = bare('unknown');
const renamed = bare('renamed');
const classified = bare('classified');

const javaRow = (group: string, artifact: string, version: string, archive: Buffer, classifier = ''): DatabaseRow => ({
  k: rowKey(group, artifact, version, classifier),
  v: canonicalBytes({ jar: [hash('sha1', archive)] }),
});

const rowsOfArchives = [
  javaRow('com.example.internal', 'billing', '4.2.0', internal),
  javaRow('org.example', 'codec', '1.1', bare('codec 1.1')),
  javaRow('org.example', 'codec', '1.2', bare('codec 1.2')),
  javaRow('org.example', 'parser', '2.0', stripped),
  javaRow('org.example', 'parser', '2.1', classified, 'shaded'),
  javaRow('org.fork', 'codec', '1.2', bare('fork')),
  javaRow('org.quiet', 'harmless', '1.0', renamed),
];

/** As many others as an application's repository has; nothing is known against them. */
const others = Array.from({ length: 20_000 }, (_, at) => {
  const number = String(at).padStart(5, '0');
  return javaRow(`org.other.g${number}`, `other-${number}`, '1.0.0', Buffer.from(number));
});

const advisory: Json = { VulnerableVersions: ['<5.0'], PatchedVersions: ['5.0'] };
const bucket = 'maven::GitHub Security Advisory Maven';
const advisories: readonly (readonly [string, Json])[] = [
  [
    rowKey('data-source', bucket),
    { ID: 'ghsa', Name: 'GitHub Security Advisory Maven', URL: 'https://github.com/advisories' },
  ],
  [rowKey(bucket, 'com.example.internal:billing', 'CVE-2024-0001'), advisory],
  [rowKey(bucket, 'org.example:codec', 'CVE-2024-0002'), advisory],
  [rowKey(bucket, 'org.example:parser', 'CVE-2024-0003'), advisory],
  ...['CVE-2024-0001', 'CVE-2024-0002', 'CVE-2024-0003'].map(
    (id) => [rowKey('vulnerability', id), { Severity: 'HIGH', VendorSeverity: { ghsa: 3 } }] as const,
  ),
];

async function* paged(rows: readonly DatabaseRow[]): AsyncGenerator<readonly DatabaseRow[]> {
  for (let at = 0; at < rows.length; at += 1_000) yield rows.slice(at, at + 1_000);
}

/** The folder that Trivy takes for its cache, with both databases in it. */
async function cacheWith(t: TestContext, javaRows: AsyncIterable<readonly DatabaseRow[]>): Promise<string> {
  const cache = await temporaryFolder(t, 'trivy');
  for (const [name, version] of [
    ['db', 2],
    ['java-db', 1],
  ] as const) {
    await mkdir(join(cache, name));
    const times = {
      NextUpdate: '3000-01-01T00:00:00Z',
      UpdatedAt: '2026-01-01T00:00:00Z',
      DownloadedAt: '2026-01-01T00:00:00Z',
    };
    await writeFile(join(cache, name, 'metadata.json'), JSON.stringify({ Version: version, ...times }));
  }
  const rows = advisories.map(([k, v]) => ({ k, v: canonicalBytes(v) }));
  await using file = await open(join(cache, 'db', 'trivy.db'), 'wx');
  await writeBolt([[...factsOfRows(rows)]], async (position, bytes) => {
    await file.write(bytes, 0, bytes.length, position);
  });
  await writeJavaDb(javaRows, join(cache, 'java-db', 'trivy-java.db'));
  return cache;
}

const offline = ['--skip-db-update', '--skip-java-db-update'];

async function scan(trivy: string, folder: string, databases: readonly string[]): Promise<Found[]> {
  const args = [
    'rootfs',
    '--format',
    'json',
    '--quiet',
    '--skip-version-check',
    '--offline-scan',
    '--scanners',
    'vuln',
  ];
  const out = await mustRun(trivy, [...args, ...databases, folder], { timeoutMs: 300_000 });
  const { Results = [] } = JSON.parse(out) as {
    Results?: readonly { Vulnerabilities?: readonly Record<string, string>[] }[];
  };
  return Results.flatMap(({ Vulnerabilities = [] }) => Vulnerabilities)
    .map((it) => ({
      path: it['PkgPath'] ?? '',
      id: it['VulnerabilityID'] ?? '',
      name: it['PkgName'] ?? '',
      version: it['InstalledVersion'] ?? '',
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function application(t: TestContext): Promise<string> {
  const folder = await temporaryFolder(t, 'application');
  const war = buildZip([
    { name: 'WEB-INF/web.xml', content: '<web-app/>', stored: true },
    { name: 'WEB-INF/lib/billing.jar', content: internal, stored: true },
    { name: 'WEB-INF/lib/library.jar', content: stripped, stored: true },
    { name: 'WEB-INF/lib/unknown.jar', content: unknown, stored: true },
  ]);
  const files: Record<string, Buffer> = {
    'opt/app.war': war,
    'opt/lib/stripped.jar': stripped,
    'opt/lib/renamed.jar': renamed,
    'opt/lib/parser-shaded.jar': classified,
    // Its bytes are nobody's, but its name is one that the database has, under two groups.
    'opt/lib/codec-1.2.jar': bare('rebuilt'),
    'opt/lib/unknown-1.0.jar': unknown,
  };
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

const parser = { id: 'CVE-2024-0003', name: 'org.example:parser' };
/** What follows from rows and advisories: two versions under org.example against one under org.fork decide for the former. */
const expected: readonly Found[] = [
  {
    path: 'opt/app.war/WEB-INF/lib/billing.jar',
    id: 'CVE-2024-0001',
    name: 'com.example.internal:billing',
    version: '4.2.0',
  },
  { path: 'opt/app.war/WEB-INF/lib/library.jar', ...parser, version: '2.0' },
  { path: 'opt/lib/codec-1.2.jar', id: 'CVE-2024-0002', name: 'org.example:codec', version: '1.2' },
  { path: 'opt/lib/parser-shaded.jar', ...parser, version: '2.1' },
  { path: 'opt/lib/stripped.jar', ...parser, version: '2.0' },
];

test('archives that say nothing of themselves are found by their SHA-1, inside of a WAR too', async (t) => {
  const trivy = judgeOrSkip(t, 'trivy');
  if (trivy === undefined) return;
  const folder = await application(t);
  const all = [...rowsOfArchives, ...others].sort((a, b) => Buffer.compare(Buffer.from(a.k), Buffer.from(b.k)));
  const whole = await cacheWith(t, paged(all));
  assert.deepEqual(await scan(trivy, folder, [...offline, '--cache-dir', whole]), expected);

  const names = new Set(advisories.flatMap(([k]) => advisedByRow(k) ?? []));
  const advised = await cacheWith(t, advisedRows(paged(all), names));
  assert.deepEqual(await scan(trivy, folder, [...offline, '--cache-dir', advised]), expected);
  const [some, every] = await Promise.all(
    [advised, whole].map((cache) => stat(join(cache, 'java-db', 'trivy-java.db'))),
  );
  const share = (some?.size ?? 1) / (every?.size ?? 1);
  t.diagnostic(`scope advised: ${some?.size} of ${every?.size} bytes, ${(100 * share).toFixed(1)} %`);
  assert.ok(share < 0.05);

  const none = await cacheWith(t, paged([]));
  assert.deepEqual(await scan(trivy, folder, [...offline, '--cache-dir', none]), [], 'without rows nothing is known');
});

test('both databases come from our registry, made of advisories and of the archives in a folder', async (t) => {
  const trivy = judgeOrSkip(t, 'trivy');
  if (trivy === undefined) return;
  const publisher = await openPublisher(t);
  const archives = join(publisher.folder, 'repository');
  const place = join(archives, 'com', 'example', 'internal', 'billing', '4.2.0');
  await mkdir(place, { recursive: true });
  await writeFile(join(place, 'billing-4.2.0.jar'), internal);
  const advisories = join(publisher.folder, 'ACME-1.json');
  const ranges = [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '5.0' }] }];
  const affected = [{ package: { ecosystem: 'Maven', name: 'com.example.internal:billing' }, ranges }];
  await writeFile(
    advisories,
    JSON.stringify({ id: 'ACME-1', aliases: ['CVE-2024-0001'], modified: '2026-07-01T00:00:00Z', affected }),
  );
  const data = ['--data', publisher.service.data];
  await exportCenterJson(['ingest', 'acme', advisories, ...data]);
  await exportCenterJson(['ingest', 'jars', archives, '--format', 'jars', ...data]);
  await publisher.run('trivy:db');
  await publisher.run('trivy:java-db');
  const registry = `${publisher.service.host}/default`;
  const repositories = [
    '--db-repository',
    `${registry}/trivy-db:2`,
    '--java-db-repository',
    `${registry}/trivy-java-db:1`,
  ];
  const cache = await temporaryFolder(t, 'trivy');
  const found = await scan(trivy, await application(t), [...repositories, '--cache-dir', cache]);
  assert.deepEqual(found, expected.slice(0, 1));
});
