// Trivy and osv-scanner on hundreds of real records: every package that they name, at every version where something begins or
// ends, in lock files of eight languages. Both find the same, but for differences whose reasons stand here.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Json } from '../../src/core/canonical-json.ts';
import { readOsv, type OsvDocument } from '../../src/profiles/trivy-db/osv/document.ts';
import { judgeOrSkip } from '../judges.ts';
import { corpusOrSkip } from '../support/corpora.ts';
import { exportCenterJson, startService } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { lockFiles, type Locked } from './trivy/lock-files.ts';
import { evidenceLines, osvScan, trivyScan, writeFiles, writeOsvDatabase } from './trivy/scan.ts';

type Sample = { readonly value: Json; readonly document: OsvDocument };

const sources = new Set(['ghsa', 'go', 'pypa', 'rustsec']);

/** Records of the languages' feeds, each identifier once. */
function samples(file: string): Sample[] {
  const found = new Map<string, Sample>();
  for (const line of gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n')) {
    const { source, text } = JSON.parse(line) as { source: string; text: string };
    if (!sources.has(source)) continue;
    const value = JSON.parse(text) as Json;
    const document = readOsv(value);
    if (!found.has(document.id)) found.set(document.id, { value, document });
  }
  return [...found.values()];
}

/** Versions of each package at which something may change, beside one before and one behind all. */
function turningPoints(all: readonly Sample[]): Map<string, Map<string, string[]>> {
  const byEcosystem = new Map<string, Map<string, Set<string>>>();
  for (const { ecosystem, name, ranges, versions } of all.flatMap(({ document }) => document.affected)) {
    const packages = byEcosystem.get(ecosystem) ?? new Map<string, Set<string>>();
    const points = packages.get(name) ?? new Set(['0.0.1', '999.0.0']);
    for (const { version } of ranges.flat()) if (version !== '0') points.add(version);
    for (const version of versions.slice(0, 2)) points.add(version);
    byEcosystem.set(ecosystem, packages.set(name, points));
  }
  const sorted = (packages: Map<string, Set<string>>) =>
    new Map([...packages].map(([name, points]) => [name, [...points].sort()]));
  return new Map([...byEcosystem].map(([ecosystem, packages]) => [ecosystem, sorted(packages)]));
}

/** Six folders for each language, in each of which a package has another of its versions. */
async function lockFolders(t: TestContext, all: readonly Sample[]): Promise<string> {
  const folder = await temporaryFolder(t);
  const points = turningPoints(all);
  for (const [ecosystem, { path, write }] of Object.entries(lockFiles)) {
    for (let turn = 0; turn < 6; turn++) {
      const packages = [...(points.get(ecosystem) ?? [])].flatMap(([name, versions]): Locked[] => {
        const version = versions[turn];
        return version === undefined ? [] : [[name, version]];
      });
      if (packages.length > 0) await writeFiles(join(folder, `${ecosystem}-${turn}`), { [path]: write(packages) });
    }
  }
  return folder;
}

const cveOf = ({ id, aliases, upstream }: OsvDocument): readonly string[] => {
  const cves = [id, ...aliases, ...upstream].filter((name) => /^CVE-\d+-\d{4,}$/.test(name));
  return cves.length > 0 ? cves : [id];
};

/** `name version id`, as far as both programs spell them alike. */
function spelled(name: string, version: string, id: string): string {
  return `${name.toLowerCase().replaceAll(/[._]/g, '-')} ${version.replace(/^v/, '')} ${id}`;
}

/** Why osv-scanner says no where the record says yes: it stops at a range of commits that comes before one of versions. */
function stopsAtCommits({ value }: Sample): boolean {
  const { affected = [] } = value as { affected?: readonly { ranges?: readonly { type: string }[] }[] };
  return affected.some(({ ranges = [] }) => {
    const types = ranges.map(({ type }) => type);
    return types.includes('GIT') && types.lastIndexOf('ECOSYSTEM') > types.indexOf('GIT');
  });
}

/** Or it looks for the folded name of a Python package, and the record has another spelling. */
function hasOddName({ document }: Sample): boolean {
  return document.affected.some(({ ecosystem, name }) => ecosystem === 'PyPI' && !/^[a-z0-9-]+$/.test(name));
}

/** Why Trivy says no where osv-scanner says yes: the last affected version, which GitHub knows and OSV's rule ignores. */
function hasLastKnown({ document }: Sample): boolean {
  return document.affected.some(
    ({ databaseSpecific }) => databaseSpecific['last_known_affected_version_range'] !== undefined,
  );
}

test('Trivy and osv-scanner find the same by the same records', async (t) => {
  const file = corpusOrSkip(t, 'osv-small/osv-small.jsonl.gz');
  const trivy = judgeOrSkip(t, 'trivy');
  const scanner = judgeOrSkip(t, 'osv-scanner');
  if (file === undefined || trivy === undefined || scanner === undefined) return;
  const all = samples(file);
  const [folder, records] = [await lockFolders(t, all), join(await temporaryFolder(t), 'records.jsonl.gz')];
  await writeFile(records, evidenceLines(all.map(({ value }) => value)));
  const service = await startService(t);
  await exportCenterJson(['ingest', 'feeds', records, '--data', service.data]);
  await exportCenterJson(['run', 'trivy:db', '--data', service.data]);
  const database = ['--db-repository', `${service.host}/default/trivy-db:2`, '--cache-dir', await temporaryFolder(t)];
  const reported = Object.values(await trivyScan(trivy, 'fs', folder, database)).flat();
  const byTrivy = new Set(reported.map(({ name, installed, id }) => spelled(name, installed, id)));

  const scannerFolder = await temporaryFolder(t);
  await writeOsvDatabase(scannerFolder, recordsByEcosystem(all));
  const byId = new Map(all.map((sample) => [sample.document.id, sample]));
  const scanned = (await osvScan(scanner, folder, scannerFolder)).flatMap((line) => {
    const [name = '', version = '', id = ''] = line.split(' ');
    return cveOf((byId.get(id) as Sample).document).map((cve) => spelled(name, version, cve));
  });
  const byScanner = new Set(scanned);

  assert.ok(byTrivy.size > 1_000, `${byTrivy.size} findings`);
  const about = (line: string, isReason: (sample: Sample) => boolean) =>
    all.some((sample) => isReason(sample) && cveOf(sample.document).includes(line.split(' ')[2] ?? ''));
  const isVersion = (line: string) => !/ \d+\.\d+\.-1 /.test(line);
  const more = [...byTrivy].filter((line) => !byScanner.has(line));
  assert.deepEqual(
    more.filter((line) => !about(line, (sample) => stopsAtCommits(sample) || hasOddName(sample))),
    [],
  );
  // `4.36.-1`, which a record names, is no version of PEP 440.
  const less = [...byScanner].filter((line) => !byTrivy.has(line) && isVersion(line));
  assert.deepEqual(
    less.filter((line) => !about(line, hasLastKnown)),
    [],
  );
});

function recordsByEcosystem(all: readonly Sample[]): { [ecosystem: string]: Json[] } {
  const byEcosystem: { [ecosystem: string]: Json[] } = {};
  for (const { value, document } of all) {
    for (const ecosystem of new Set(document.affected.map((entry) => entry.ecosystem))) {
      if (ecosystem !== '') (byEcosystem[ecosystem] ??= []).push(value);
    }
  }
  return byEcosystem;
}
