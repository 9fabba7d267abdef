// What the demo prints at its end: the table, whether every machine's digests came out, and the commands to go on with.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GoldenLayouts } from './golden-layouts.ts';

export type DemoRow = {
  readonly name: string;
  readonly digest: string;
  readonly records: number;
  /** Of the whole artifact. */
  readonly bytes: number;
  /** Every byte that the pull received; absent for what was only published. */
  readonly fetched: number | undefined;
};

/** The short table: profile, digest, records, bytes, bytes fetched. */
export function resultTable(rows: readonly DemoRow[]): string[] {
  const head = ['profile', 'digest', 'records', 'bytes', 'bytes fetched'];
  const body = rows.map(({ name, digest, records, bytes, fetched }) => [
    name,
    digest.slice(0, 19),
    String(records),
    String(bytes),
    fetched === undefined ? '–' : `${fetched} (${((100 * fetched) / bytes).toFixed(1)} %)`,
  ]);
  const cells = [head, ...body];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
}

/** Compares with the digests that this evidence has on every machine. */
export async function differences(root: string, rows: readonly DemoRow[]): Promise<string[]> {
  const golden = JSON.parse(
    await readFile(join(root, 'registry-fixtures', 'layouts', 'expected.json'), 'utf8'),
  ) as GoldenLayouts;
  const known = new Set(Object.values(golden).flatMap(({ tags }) => Object.values(tags)));
  const others = rows.filter(({ digest }) => !known.has(digest));
  if (others.length === 0) return ['Every digest is the one that every machine gets (registry-fixtures/layouts).'];
  const names = others.map(({ name }) => name).join(', ');
  return [`NOT the digests of registry-fixtures/layouts: ${names}. Is the clock of this machine right?`];
}

type RegistryFacts = {
  readonly host: string;
  readonly pid: number;
  readonly folder: string;
  readonly publicKey: string;
  readonly trustedRoot: string;
};

/** What works while the service runs. */
export function registryLines({ host, pid, folder, publicKey, trustedRoot }: RegistryFacts): string[] {
  const reference = `${host}/default/mirror:latest`;
  return [
    `The service keeps running (end it with: kill ${pid}). From its registry:`,
    `  oras cp -r ${reference} --to-oci-layout ${folder}/oras:latest`,
    `  cosign verify --key ${publicKey} --trusted-root ${trustedRoot} ${reference}`,
  ];
}

type ConsumerFacts = { readonly folder: string; readonly mirror: string; readonly publicKey: string };

/** What works on the consumer's folder alone; the last lines of the demo. */
export function consumerLines({ folder, mirror, publicKey }: ConsumerFacts): string[] {
  const program = 'node bin/export-center.js';
  return [
    'As a consumer, without the service:',
    `  oras pull --oci-layout ${mirror}:latest --output ${folder}/files`,
    `  oras discover --oci-layout ${mirror}:latest`,
    `  ${program} mirror changes ${mirror}`,
    `  ${program} extract ${mirror} ${folder}/documents`,
    `  ${program} verify ${mirror} --key ${publicKey}`,
  ];
}
