// Our bolt writer beside the real bbolt library: both read the same two million sorted keys from one file and write a
// database, in turns, the library in one transaction without syncing. Both files then hold the same, by the judge's hash.

import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { buildBboltJudge } from '../boltdb/bbolt-judge.ts';
import { buildGoJudge } from '../support/go-judge.ts';
import { mustRun } from '../support/run-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { withScope } from '../support/with-scope.ts';
import { writeBoltFacts } from './support-bolt-facts.ts';
import { median, printResult, printTable, rounded } from './support-report.ts';

const timeoutMs = 600_000;

type Side = { readonly keys: number; readonly seconds: number; readonly peakMiB: number };

/** `argv`: number of keys (2,000,000), rounds (3). */
export function run([count = '2000000', rounds = '3']: readonly string[]): Promise<void> {
  return withScope(async (scope) => {
    const folder = await temporaryFolder(scope, 'bench-bolt');
    const rival = await buildGoJudge(
      join(import.meta.dirname, 'bbolt-fill'),
      await temporaryFolder(scope, 'bbolt-fill'),
    );
    const judge = await buildBboltJudge(folder);
    if (typeof judge === 'string') throw new Error(judge);
    if (typeof rival === 'string') throw new Error(rival);
    const facts = join(folder, 'facts');
    const keys = Number(count);
    await writeBoltFacts(facts, keys);
    const [ours, theirs] = [join(folder, 'ours.db'), join(folder, 'theirs.db')];
    const sides = { ours: [] as Side[], theirs: [] as Side[] };
    for (let round = 0; round < Number(rounds); round++) {
      for (const file of [ours, theirs]) await rm(file, { force: true });
      sides.ours.push(await writeOurs(facts, ours));
      sides.theirs.push(await writeTheirs(rival.program, facts, theirs));
    }
    const [tree, other] = [await judge.tree(ours), await judge.tree(theirs)];
    if (tree.keys !== keys || tree.sha256 !== other.sha256) throw new Error('the two files do not hold the same keys');
    const rows = [await rowOf('export-center', sides.ours, ours), await rowOf('bbolt', sides.theirs, theirs)] as const;
    printTable(rows);
    const [{ seconds, peakMiB }, { seconds: bboltSeconds }] = rows;
    const ratio = rounded(bboltSeconds / seconds, 2);
    printResult('bolt', { keys, seconds, bboltSeconds, ratio, peakMiB });
  });
}

async function writeOurs(facts: string, file: string): Promise<Side> {
  const program = join(import.meta.dirname, 'support-bolt-writer.ts');
  return JSON.parse(await mustRun(process.execPath, [program, facts, file], { timeoutMs })) as Side;
}

async function writeTheirs(rival: string, facts: string, file: string): Promise<Side> {
  const said = await mustRun('sh', ['-c', '"$0" "$1" < "$2"', rival, file, facts], { timeoutMs });
  return JSON.parse(said) as Side;
}

async function rowOf(writer: string, sides: readonly Side[], file: string) {
  return {
    writer,
    seconds: rounded(median(sides.map(({ seconds }) => seconds)), 2),
    peakMiB: rounded(Math.max(...sides.map(({ peakMiB }) => peakMiB)), 0),
    fileMiB: rounded((await stat(file)).size / 2 ** 20, 0),
  };
}
