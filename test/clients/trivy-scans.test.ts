// The real Trivy on a database that we made of OSV records and serve: exactly the findings that follow from their texts, on
// lock files of twelve languages and on systems of fifteen distributions, as SBOMs and as root file systems. osv-scanner,
// offline on the same records, is the second opinion; VEX statements take findings away, by the database or by the VEX
// repository.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test, type TestContext } from 'node:test';
import type { Json } from '../../src/core/canonical-json.ts';
import { findJudge, judgeOrSkip } from '../judges.ts';
import { suiteScope } from '../registry/suite-scope.ts';
import { mustRun } from '../support/run-program.ts';
import type { Scope } from '../support/scope.ts';
import { exportCenterJson, startService, type Service } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { systems } from './trivy/distributions.ts';
import { projects } from './trivy/languages.ts';
import type { Finding, Project } from './trivy/project.ts';
import { writeRootfs } from './trivy/rootfs.ts';
import { evidenceLines, osvScan, sortedFindings, trivyScan, writeFiles, writeOsvDatabase } from './trivy/scan.ts';
import type { TrivyReport } from './trivy/scan.ts';

let service: Service;
let cache: string;

async function ingest(source: string, documents: readonly Json[], ...options: readonly string[]): Promise<void> {
  const file = join(await temporaryFolder(scope), 'evidence.jsonl.gz');
  await writeFile(file, evidenceLines(documents));
  await exportCenterJson(['ingest', source, file, ...options, '--data', service.data]);
}

async function projectFolder(t: TestContext): Promise<string> {
  const folder = await temporaryFolder(t);
  for (const { ecosystem, files } of projects) await writeFiles(join(folder, ecosystem), files);
  return folder;
}

/** Options for a scan with the database of `repository`. */
function database(repository = 'trivy-db'): string[] {
  return ['--db-repository', `${service.host}/default/${repository}:2`, '--cache-dir', join(cache, repository)];
}

const wantedOf = (wanted: readonly Project[]): TrivyReport =>
  Object.fromEntries(
    wanted
      .filter(({ findings }) => findings.length > 0)
      .map(({ ecosystem, files, findings }) => [`${ecosystem}/${Object.keys(files)[0]}`, sortedFindings(findings)]),
  );

/** The projects without the findings about `names`. */
const without = (...names: readonly string[]): readonly Project[] =>
  projects.map((it) => ({ ...it, findings: it.findings.filter(({ name }) => !names.includes(name)) }));

let scope: Scope;

describe('a database of OSV records', () => {
  scope = suiteScope();
  before(async () => {
    if (findJudge('trivy') === undefined) return;
    service = await startService(scope);
    cache = await temporaryFolder(scope);
    await ingest(
      'acme',
      [...projects, ...systems].flatMap((it) => it.records),
    );
    await exportCenterJson(['run', 'trivy:db', '--data', service.data]);
  });

  test('lock files of twelve languages have the findings that follow from the records, and no other', async (t) => {
    const trivy = judgeOrSkip(t, 'trivy');
    if (trivy === undefined) return;
    assert.deepEqual(await trivyScan(trivy, 'fs', await projectFolder(t), database()), wantedOf(projects));
  });

  test('systems of fifteen distributions have the findings that follow from the records, and no other', async (t) => {
    const trivy = judgeOrSkip(t, 'trivy');
    if (trivy === undefined) return;
    const folder = await temporaryFolder(t);
    for (const { name, sbom, findings } of systems) {
      const file = join(folder, `${name}.cdx.json`);
      await writeFile(file, JSON.stringify(sbom));
      const report: TrivyReport = await trivyScan(trivy, 'sbom', file, database());
      assert.deepEqual(Object.values(report).flat(), sortedFindings(findings), name);
    }
  });

  test('the same systems as root file systems have the same findings', async (t) => {
    const trivy = judgeOrSkip(t, 'trivy');
    if (trivy === undefined) return;
    const folder = await temporaryFolder(t);
    for (const system of systems) {
      const root = join(folder, system.name);
      await writeRootfs(root, system);
      const report: TrivyReport = await trivyScan(trivy, 'rootfs', root, database());
      assert.deepEqual(Object.values(report).flat(), sortedFindings(system.findings), system.name);
    }
  });

  test('statements of ingested OpenVEX take findings out of the database when the profile says so', async (t) => {
    const trivy = judgeOrSkip(t, 'trivy');
    if (trivy === undefined) return;
    await ingest('vex', vexDocuments, '--format', 'openvex');
    const profile = join(await temporaryFolder(t), 'profile.json');
    await writeFile(
      profile,
      JSON.stringify({ name: 'quiet-db', kind: 'trivy:db', suppress: ['not_affected', 'fixed'] }),
    );
    await exportCenterJson(['profile', 'put', profile, '--data', service.data]);
    await exportCenterJson(['run', 'quiet-db', '--data', service.data]);
    const folder = await projectFolder(t);
    assert.deepEqual(await trivyScan(trivy, 'fs', folder, database('quiet-db')), wantedOf(without(...unaffected)));
    // The built-in profile takes no notice of them.
    await exportCenterJson(['run', 'trivy:db', '--data', service.data]);
    assert.deepEqual(await trivyScan(trivy, 'fs', folder, database()), wantedOf(projects));
  });

  test('the VEX repository of the tenant does the same for --vex repo, and says when nothing is new', async (t) => {
    const trivy = judgeOrSkip(t, 'trivy');
    if (trivy === undefined) return;
    const home = await temporaryFolder(t);
    await writeVexConfig(home, `http://${service.host}/vex/default`);
    const env = { XDG_DATA_HOME: home, HOME: home };
    const folder = await projectFolder(t);
    const scan = () => trivyScan(trivy, 'fs', folder, [...database(), '--vex', 'repo'], { env });
    assert.deepEqual(await scan(), wantedOf(without(...unaffected)));
    const archive = `${service.url}/vex/default/vex.tar.gz`;
    const first = await fetch(archive);
    const etag = first.headers.get('etag') ?? '';
    assert.match(etag, /^"sha256:[0-9a-f]{64}"$/);
    const listed = await mustRun('tar', ['-tz'], { input: Buffer.from(await first.arrayBuffer()) });
    assert.deepEqual(listed.trim().split('\n').length, 1 + unaffected.length);
    const again = await fetch(archive, { headers: { 'if-none-match': etag } });
    assert.equal(again.status, 304);
    // With the old archive Trivy asks again, and keeps what it has.
    await mustRun(trivy, ['vex', 'repo', 'download', '--cache-dir', join(cache, 'trivy-db')], { env });
    assert.deepEqual(await scan(), wantedOf(without(...unaffected)));
  });

  test('osv-scanner finds the same on the same records', async (t) => {
    const scanner = judgeOrSkip(t, 'osv-scanner');
    if (scanner === undefined) return;
    const folder = await temporaryFolder(t);
    await writeOsvDatabase(folder, Object.fromEntries(projects.map((it) => [it.ecosystem, it.records])));
    const found = await osvScan(scanner, await projectFolder(t), folder);
    const wanted = projects.flatMap((project) => project.findings.map((finding) => osvLine(project, finding)));
    assert.deepEqual(found, [...new Set(wanted)].sort());
  });
});

/** Packages that the statements below take the findings of. */
const unaffected = ['right', 'acme-core'];

const vexDocuments: readonly Json[] = [
  {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': 'https://example.com/vex-1',
    author: 'Example',
    timestamp: '2026-01-01T00:00:00Z',
    version: 1,
    statements: [
      {
        vulnerability: { name: 'ACME-npm-2' },
        products: [{ '@id': 'pkg:npm/right' }],
        status: 'not_affected',
        justification: 'vulnerable_code_not_present',
      },
      {
        vulnerability: { name: 'RUSTSEC-2026-0001', aliases: ['CVE-2026-1301'] },
        products: [{ '@id': 'pkg:cargo/acme-core' }],
        status: 'fixed',
      },
    ],
  },
];

async function writeVexConfig(home: string, url: string): Promise<void> {
  await mkdir(join(home, '.trivy', 'vex'), { recursive: true });
  const config = `repositories:\n  - name: acme\n    url: ${url}\n    enabled: true\n`;
  await writeFile(join(home, '.trivy', 'vex', 'repository.yaml'), config);
}

type Named = { readonly id: string; readonly aliases?: readonly string[] };

/** How osv-scanner puts a finding: by the record's own id, with names of Python folded and versions of Go without `v`. */
function osvLine({ ecosystem, records }: Project, { id, name, installed }: Finding): string {
  const documents = records as unknown as readonly Named[];
  const record = documents.find(({ id: own, aliases = [] }) => own === id || aliases.includes(id));
  const spelled = ecosystem === 'PyPI' ? name.toLowerCase().replaceAll(/[._]/g, '-') : name;
  return `${spelled} ${ecosystem === 'Go' ? installed.replace(/^v/, '') : installed} ${record?.id}`;
}
