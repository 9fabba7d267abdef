// The compression of a database layer: our members in worker threads beside zlib in one thread, on the trivy.db of
// real advisories.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { writeMembers } from '../../src/profiles/database/pack-layer.ts';
import { EncoderPool } from '../../src/shard/encoder-pool.ts';
import { atEnd } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { evidenceDays } from './support-data.ts';
import { takeProductFlags } from './support-flags.ts';
import { printResult, printTable, rounded } from './support-report.ts';
import { withScope } from './support-scope.ts';
import { writeTrivyFile } from './support-trivy-file.ts';

const repeats = 3;

export function run(): Promise<void> {
  takeProductFlags();
  return withScope(async (scope) => {
    const folder = await temporaryFolder(scope, 'bench-gzip');
    const encoders = new EncoderPool();
    atEnd(scope, () => encoders.close());
    const file = join(folder, 'trivy.db');
    const { days } = await evidenceDays(folder);
    await writeTrivyFile(days[0]?.file ?? '', file, folder);
    const { size } = await stat(file);
    const digests = new Set<string>();
    let compressed = 0;
    const ours = await best(async (round) => {
      const to = join(folder, `members-${round}`);
      const layer = await writeMembers(createReadStream(file, { highWaterMark: 1 << 20 }), { to, encoders });
      digests.add(layer.digest);
      compressed = layer.size;
    });
    if (digests.size !== 1) throw new Error('the same file gave other bytes');
    let zlibBytes = 0;
    const zlib = await best(async () => {
      zlibBytes = 0;
      await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), createGzip({ level: 6 }), async (chunks) => {
        for await (const chunk of chunks as AsyncIterable<Buffer>) zlibBytes += chunk.length;
      });
    });
    const speed = (seconds: number): number => rounded(size / 1e6 / seconds, 1);
    printTable([
      { encoder: `members, ${encoders.size} threads`, seconds: ours, MBps: speed(ours), ratio: size / compressed },
      { encoder: 'zlib, 1 thread', seconds: zlib, MBps: speed(zlib), ratio: size / zlibBytes },
    ]);
    printResult('gzip', { MBps: speed(ours), zlibMBps: speed(zlib) });
  });
}

/** Seconds of the fastest round. */
async function best(work: (round: number) => Promise<void>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < repeats; round++) {
    const start = performance.now();
    await work(round);
    least = Math.min(least, (performance.now() - start) / 1_000);
  }
  return least;
}
