// What an export costs when nothing has changed: time of a fresh process, blobs and signatures written, and that the
// number of records does not matter. Beside it the peak memory of a service that took the evidence in and built it.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startService } from '../support/service.ts';
import type { Scope } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { evidenceDays, madeUpLines, writeLines, type Day } from './support-data.ts';
import { peakRssMiB, watchCommand } from './support-process.ts';
import { median, printResult, printTable, rounded } from './support-report.ts';
import { withScope } from './support-scope.ts';

const rounds = 5;

export function run(): Promise<void> {
  return withScope(async (scope) => {
    const folder = await temporaryFolder(scope, 'bench-noop');
    const { days } = await evidenceDays(folder);
    const few = join(folder, 'few.jsonl.gz');
    await writeLines(few, madeUpLines(380, 0));
    const small = await measure(scope, few);
    const large = await measure(scope, (days[0] as Day).file);
    printTable([small, large].map(({ seconds, ...rest }) => ({ ...rest, seconds })));
    const { records, seconds, blobsWritten, rssMiB, runsListSeconds } = large;
    printResult('noop', { records, seconds, blobsWritten, rssMiB, runsListSeconds, secondsOfFew: small.seconds });
  });
}

type Figures = {
  readonly records: number;
  readonly seconds: number;
  readonly blobsWritten: number;
  readonly rssMiB: number;
  readonly runsListSeconds: number;
};

async function measure(scope: Scope, file: string): Promise<Figures> {
  const { data, rssMiB } = await firstExport(scope, file);
  const before = new Set(await filesOf(data));
  const seconds: number[] = [];
  const listSeconds: number[] = [];
  let records = 0;
  for (let round = 0; round < rounds; round++) {
    const again = await watchCommand(['run', 'mirror:full', '--data', data]);
    seconds.push(again.seconds);
    ({ records } = again.answer as { readonly records: number });
    listSeconds.push((await watchCommand(['runs', 'list', '--data', data])).seconds);
  }
  const blobsWritten = (await filesOf(data)).filter((name) => !before.has(name)).length;
  return {
    records,
    seconds: rounded(median(seconds), 3),
    blobsWritten,
    rssMiB: rounded(rssMiB, 0),
    runsListSeconds: rounded(median(listSeconds), 3),
  };
}

/** Evidence and full bundle through one service. */
async function firstExport(scope: Scope, file: string): Promise<{ readonly data: string; readonly rssMiB: number }> {
  const service = await startService(scope);
  const { data } = service;
  await watchCommand(['ingest', 'osv', file, '--data', data]);
  await watchCommand(['run', 'mirror:full', '--data', data]);
  const rssMiB = peakRssMiB(service.program.pid);
  await service.program.stop();
  return { data, rssMiB };
}

/** Everything in the registry: blobs, signatures, links. */
async function filesOf(data: string): Promise<string[]> {
  const entries = await readdir(join(data, 'registry'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}
