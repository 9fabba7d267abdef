// A Java database of the size of upstream's: written from sorted rows, and an upstream file of as many rows read as sorted
// rows. Each in a process of its own; the memory is the whole process's, generator and threads included.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun } from '../support/run-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { printResult, printTable, rounded } from './support-report.ts';
import { withScope } from './support-scope.ts';

const child = join(import.meta.dirname, 'support-java-child.ts');
const usualRows = 12_000_000;
const timeoutMs = 60 * 60_000;

type Measured = { readonly rows: number; readonly seconds: number; readonly peakMiB: number };

/** `npm run bench -- javadb [ROWS]` */
export function run([count]: readonly string[]): Promise<void> {
  const rows = count === undefined ? usualRows : Number(count);
  if (!Number.isSafeInteger(rows) || rows < 1) throw new Error('ROWS is a whole number above 0');
  return withScope(async (scope) => {
    const folder = await temporaryFolder(scope, 'bench-javadb');
    const measure = async (...args: string[]): Promise<Measured> => {
      const result = JSON.parse(await mustRun(process.execPath, [child, ...args], { timeoutMs })) as Measured;
      if (result.rows !== rows) throw new Error(`${args[0]} had ${result.rows} of ${rows} rows`);
      return result;
    };
    const ours = join(folder, 'trivy-java.db');
    const theirs = join(folder, 'upstream.db');
    const written = await measure('write', ours, String(rows));
    await measure('upstream', theirs, String(rows));
    const read = await measure('read', theirs);
    const diskMiB = (await stat(ours)).size / (1 << 20);
    printTable([line('write', written), line('read an upstream file', read)]);
    printResult('javadb', {
      rows,
      seconds: rounded(written.seconds, 1),
      peakMiB: Math.ceil(written.peakMiB),
      diskMiB: rounded(diskMiB, 1),
      rowsPerSecond: Math.round(rows / written.seconds),
      readSeconds: rounded(read.seconds, 1),
      readPeakMiB: Math.ceil(read.peakMiB),
      readRowsPerSecond: Math.round(rows / read.seconds),
    });
  });
}

function line(what: string, { rows, seconds, peakMiB }: Measured): Record<string, string | number> {
  return {
    what,
    rows,
    seconds: rounded(seconds, 1),
    peakMiB: Math.ceil(peakMiB),
    rowsPerSecond: Math.round(rows / seconds),
  };
}
