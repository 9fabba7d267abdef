// Days on which one record changes: what they cost must not grow with the number of journals that a mirror has gathered.

import { join } from 'node:path';
import { findJudge } from '../judges.ts';
import type { Scope } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { isCompacted, pull } from './support-consumer.ts';
import { evidenceDays, madeUpLine, writeLines, type Day } from './support-data.ts';
import { startPublisher } from './support-publisher.ts';
import { printResult, printTable, type Row } from './support-report.ts';
import { orasCopy } from './support-rivals.ts';
import { withScope } from './support-scope.ts';

const states = 33;

export function run(): Promise<void> {
  return withScope(async (scope) => {
    if (findJudge('oras') === undefined) throw new Error('the benchmark needs oras: npm run judges -- oras');
    await measure(scope);
  });
}

async function measure(scope: Scope): Promise<void> {
  const folder = await temporaryFolder(scope, 'bench-smalldays');
  const { days } = await evidenceDays(folder);
  const publisher = await startPublisher(scope);
  await publisher.publish((days[0] as Day).file);
  const [ours, stock] = [join(folder, 'ours'), join(folder, 'stock')];
  await pull(publisher, ours);
  await orasCopy(publisher, stock);
  const rows: (Row & { readonly ourBytes: number; readonly orasBytes: number; readonly compacted: boolean })[] = [];
  for (let day = 1; day <= states; day++) {
    const file = join(folder, `day-${day}.jsonl.gz`);
    await writeLines(file, [madeUpLine(7, day)]);
    const before = await publisher.bundle();
    const { digest } = await publisher.publish(file);
    const { bytesFetched, equal } = await pull(publisher, ours);
    const now = await publisher.bundle();
    if (!equal || digest !== now.index.descriptor.digest) throw new Error(`day ${day} was not rebuilt`);
    const { bytes } = await orasCopy(publisher, stock);
    const journals = now.journals.length;
    rows.push({ day, journals, ourBytes: bytesFetched, orasBytes: bytes, compacted: isCompacted(before, now) });
  }
  printTable(rows);
  // A stock client pays for a base that moves on; what a plain day costs it is seen on the last one before.
  const plain = rows.filter(({ compacted }) => !compacted).at(-1);
  printResult('smalldays', {
    ourBytesFirst: rows[0]?.ourBytes,
    ourBytesLast: rows.at(-1)?.ourBytes,
    orasBytesLast: plain?.orasBytes,
    worstOurBytes: Math.max(...rows.map(({ ourBytes }) => ourBytes)),
    orasBytesCompaction: rows.find(({ compacted }) => compacted)?.orasBytes ?? null,
  });
}
