// Runs the real Trivy and the real osv-scanner on folders and SBOMs, without any network of their own.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Json } from '../../../src/core/canonical-json.ts';
import { buildZip } from '../../evidence/zip-builder.ts';
import { mustRun, runProgram, type RunOptions } from '../../support/run-program.ts';
import type { Finding } from './project.ts';

export type TrivyReport = { readonly [target: string]: readonly Finding[] };

type Vulnerability = {
  readonly VulnerabilityID: string;
  readonly PkgName: string;
  readonly InstalledVersion: string;
  readonly FixedVersion?: string;
  readonly Severity: string;
  readonly DataSource?: { readonly Name: string };
};

const quietly = ['--format', 'json', '--quiet', '--skip-version-check', '--offline-scan', '--skip-java-db-update'];

/** What `trivy fs|rootfs|sbom … TARGET` finds, by target, each list sorted by identifier and name. */
export async function trivyScan(
  trivy: string,
  kind: 'fs' | 'rootfs' | 'sbom',
  target: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<TrivyReport> {
  const scanners = kind === 'sbom' ? [] : ['--scanners', 'vuln'];
  const out = await mustRun(trivy, [kind, ...quietly, ...scanners, ...args, target], {
    timeoutMs: 300_000,
    ...options,
  });
  const { Results = [] } = JSON.parse(out) as {
    Results?: readonly { readonly Target: string; readonly Vulnerabilities?: readonly Vulnerability[] }[];
  };
  return Object.fromEntries(
    Results.filter(({ Vulnerabilities = [] }) => Vulnerabilities.length > 0).map((result) => [
      result.Target,
      sortedFindings((result.Vulnerabilities ?? []).map(findingOf)),
    ]),
  );
}

function findingOf(it: Vulnerability): Finding {
  return {
    id: it.VulnerabilityID,
    name: it.PkgName,
    installed: it.InstalledVersion,
    fixed: it.FixedVersion ?? '',
    severity: it.Severity,
    source: it.DataSource?.Name ?? '',
  };
}

export function sortedFindings(findings: readonly Finding[]): Finding[] {
  const keyOf = ({ id, name }: Finding) => `${id} ${name}`;
  return [...findings].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** Documents as the lines that an ingest takes, compressed. */
export function evidenceLines(documents: readonly Json[]): Buffer {
  const lines = documents.map((document, at) => JSON.stringify({ path: `${at}.json`, text: JSON.stringify(document) }));
  return gzipSync(`${lines.join('\n')}\n`);
}

/** Writes `files` below `folder`. */
export async function writeFiles(folder: string, files: { readonly [path: string]: string }): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

/** What osv-scanner reads instead of its download: `<ecosystem>/all.zip` for each ecosystem. */
export async function writeOsvDatabase(
  folder: string,
  records: { readonly [ecosystem: string]: readonly Json[] },
): Promise<void> {
  for (const [ecosystem, documents] of Object.entries(records)) {
    const entries = documents.map((document) => {
      const { id } = document as { id: string };
      return { name: `${id}.json`, content: JSON.stringify(document) };
    });
    await mkdir(join(folder, 'osv-scalibr', ecosystem), { recursive: true });
    await writeFile(join(folder, 'osv-scalibr', ecosystem, 'all.zip'), buildZip(entries));
  }
}

/** What osv-scanner finds below `target`: `name version id`, sorted. */
export async function osvScan(scanner: string, target: string, database: string): Promise<string[]> {
  const args = ['scan', 'source', '--offline', '--format', 'json', '--recursive', target];
  // It exits with 1 when it finds something.
  const { stdout, stderr } = await runProgram(scanner, args, {
    env: { OSV_SCALIBR_LOCAL_DB_CACHE_DIRECTORY: database },
    timeoutMs: 300_000,
  });
  if (stdout === '') throw new Error(`osv-scanner says nothing:\n${stderr}`);
  const { results = [] } = JSON.parse(stdout) as {
    results?: readonly {
      readonly packages: readonly {
        readonly package: { readonly name: string; readonly version: string };
        readonly vulnerabilities?: readonly { readonly id: string }[];
      }[];
    }[];
  };
  return results
    .flatMap(({ packages }) => packages)
    .flatMap(({ package: { name, version }, vulnerabilities = [] }) =>
      vulnerabilities.map(({ id }) => `${name} ${version} ${id}`),
    )
    .sort();
}
