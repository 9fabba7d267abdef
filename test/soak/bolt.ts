// `npm run soak -- bolt`: damaged databases at random, files of ours and, where Go is at hand, of the real bbolt with free
// and half-filled pages. Each is walked whole and turned into rows. The suite has a short form in test/boltdb/damage.test.ts.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BoltFact } from '../../src/boltdb/types.ts';
import { buildBboltJudge } from '../boltdb/bbolt-judge.ts';
import { fileOf } from '../boltdb/memory-file.ts';
import { surviveMutations } from '../boltdb/mutations.ts';
import { randomOf, randomTree } from '../boltdb/random-tree.ts';
import type { Scope } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { withScope } from '../support/with-scope.ts';

export type BoltSoakFigures = {
  readonly bolt: number;
  readonly refused: number;
  readonly walked: number;
  readonly files: number;
  readonly worstReadRatio: number;
  readonly slowestMs: number;
  readonly rssGrowthMiB: number;
  readonly seconds: number;
  readonly seed: number;
};

/** The shape of a Trivy database: advisories in inline buckets, JSON values. */
function databaseFacts(): BoltFact[] {
  const advisories = Array.from({ length: 160 }, (_, i) => ({
    path: [`debian ${11 + (i >> 7)}`, `package-${String(i >> 1).padStart(4, '0')}`],
    key: `CVE-2024-${i % 2}`,
    value: `{"FixedVersion":"1.${i}","Severity":${i % 5}}`,
  }));
  const texts = Array.from({ length: 24 }, (_, i) => ({
    path: ['vulnerability'],
    key: `CVE-2024-${String(i).padStart(4, '0')}`,
    value: JSON.stringify({ Title: 'a flaw', Description: 'words '.repeat(i), CVSS: { nvd: { V3Score: 9.8 } } }),
  }));
  return [...advisories, ...texts];
}

async function originals(scope: Scope, seed: number): Promise<Buffer[]> {
  const sources = [
    databaseFacts(),
    randomTree(randomOf(seed), { keys: 60, depth: 4, largestValue: 9_000 }),
    randomTree(randomOf(seed + 1), { keys: 100, depth: 8, largestValue: 2_000 }),
  ];
  const ours = await Promise.all(sources.map(async (facts) => (await fileOf(facts)).bytes));
  const folder = await temporaryFolder(scope, 'soak-bolt');
  const judge = await buildBboltJudge(folder);
  if (typeof judge === 'string') return ours;
  const theirs: Buffer[] = [];
  for (const [i, facts] of sources.entries()) {
    const file = join(folder, `theirs-${i}.db`);
    await judge.fill(file, facts, 4_096, 3);
    theirs.push(await readFile(file));
  }
  return [...ours, ...theirs];
}

/** Tries `cases` damaged files. Throws when the reader throws anything but a refusal, or reads too much. */
export function soakBolt(cases: number, seed: number): Promise<BoltSoakFigures> {
  return withScope(async (scope) => {
    const begunMs = performance.now();
    const rss = process.memoryUsage.rss();
    const files = await originals(scope, seed);
    const random = randomOf(seed);
    const figures = { bolt: 0, refused: 0, walked: 0, worstReadRatio: 0, slowestMs: 0 };
    for (const file of files) {
      const rounds = Math.ceil(cases / files.length);
      const { refused, walked, worstReadRatio, slowestMs } = await surviveMutations(file, random, rounds);
      figures.bolt += rounds;
      figures.refused += refused;
      figures.walked += walked;
      figures.worstReadRatio = Math.max(figures.worstReadRatio, Math.round(worstReadRatio * 10) / 10);
      figures.slowestMs = Math.max(figures.slowestMs, Math.round(slowestMs));
    }
    const rssGrowthMiB = Math.round((process.memoryUsage.rss() - rss) / 2 ** 20);
    const seconds = Math.round((performance.now() - begunMs) / 100) / 10;
    return { ...figures, files: files.length, rssGrowthMiB, seconds, seed };
  });
}

/** `argv`: number of cases (default 120,000), seed (default by the clock). */
export async function run([cases = '120000', seed = String(Date.now() % 2 ** 31)]: readonly string[]): Promise<void> {
  console.log(JSON.stringify(await soakBolt(Number(cases), Number(seed))));
}
