// How fast shards are made: a full build and the derivation of a new base, in raw lines a second, beside zstd-9 alone on
// the same shards with the same threads.

import { mapAhead, EncoderPool } from '../../src/shard/encoder-pool.ts';
import { chunk, type RawShard } from '../../src/shard/chunker.ts';
import { compactedBases } from '../../src/profiles/mirror/build.ts';
import { readBundle, stateLines } from '../../src/profiles/sharded/read.ts';
import { noBlobIndex } from '../../src/profiles/sharded/store.ts';
import type { ShardedBundle } from '../../src/profiles/sharded/compose.ts';
import type { Repository } from '../../src/oci/repository.ts';
import { openLayout } from '../../src/registry/layout/layout-repository.ts';
import { openTestCenter, tenant, type TestCenter } from '../support/center.ts';
import type { Scope } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { evidenceDays } from './support-data.ts';
import { takeProductFlags } from './support-flags.ts';
import { median, printResult, printTable, rounded } from './support-report.ts';
import { withScope } from './support-scope.ts';

const rounds = 3;

export function run(): Promise<void> {
  takeProductFlags();
  return withScope(async (scope) => {
    const { days } = await evidenceDays(await temporaryFolder(scope, 'bench-build'));
    const [base, ...later] = days.map(({ file }) => file);
    const full: number[] = [];
    let last: TestCenter | undefined;
    for (let round = 0; round < rounds; round++) {
      last = await openTestCenter(scope);
      await last.center.ingest(tenant, { source: 'osv', from: base ?? '' });
      full.push(await secondsOf(() => last?.succeed('mirror:full')));
    }
    const publisher = last as TestCenter;
    const limit = await limitOf(publisher);
    for (const from of later) {
      await publisher.center.ingest(tenant, { source: 'osv', from });
      await publisher.succeed('mirror:full');
    }
    const derived = await derivation(scope, publisher);
    const figures = {
      fullMBps: rounded(limit.raw / median(full) / 1e6, 1),
      deriveMBps: rounded(derived.raw / derived.seconds / 1e6, 1),
      zstdLimitMBps: rounded(limit.raw / limit.seconds / 1e6, 1),
    };
    printTable([
      { what: 'zstd-9 alone', MBps: figures.zstdLimitMBps, share: 1 },
      {
        what: 'full build (plan to verified)',
        MBps: figures.fullMBps,
        share: figures.fullMBps / figures.zstdLimitMBps,
      },
      { what: 'derived base', MBps: figures.deriveMBps, share: figures.deriveMBps / figures.zstdLimitMBps },
    ]);
    printResult('build', figures);
  });
}

async function secondsOf(work: () => Promise<unknown> | undefined): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1_000;
}

async function mirrorOf({ center }: TestCenter): Promise<{ bundle: ShardedBundle; repository: Repository }> {
  const repository = (await center.registryStorage()).repository(`${tenant}/mirror`);
  const named = await repository.resolve('latest');
  const index = named && (await repository.manifest(named.digest));
  if (!index) throw new Error('there is no mirror');
  return { bundle: await readBundle(repository, index), repository };
}

/** Compresses the shards of the state in the product's own threads, and nothing else. */
async function limitOf(publisher: TestCenter): Promise<{ raw: number; seconds: number }> {
  const { bundle, repository } = await mirrorOf(publisher);
  const encoders = new EncoderPool();
  const compress = async (): Promise<{ raw: number; seconds: number }> => {
    const shards: RawShard[] = [];
    for await (const shard of chunk(stateLines(repository, bundle))) shards.push(shard);
    const raw = shards.reduce((sum, shard) => sum + shard.raw.length, 0);
    const all = mapAhead(each(shards), encoders.size + 1, (shard) => encoders.encode(shard.raw, { level: 9 }));
    return {
      raw,
      seconds: await secondsOf(async () => {
        for await (const _ of all);
      }),
    };
  };
  try {
    await compress();
    const results = [await compress(), await compress(), await compress()];
    return { raw: results[0]?.raw ?? 0, seconds: median(results.map(({ seconds }) => seconds)) };
  } finally {
    await encoders.close();
  }
}

async function* each<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}

/** What a compaction does at a consumer: base and journals in, shards of the new base out, into an empty folder. */
async function derivation(scope: Scope, publisher: TestCenter): Promise<{ raw: number; seconds: number }> {
  const from = await mirrorOf(publisher);
  const seconds: number[] = [];
  let raw = 0;
  for (let round = 0; round < rounds; round++) {
    const layout = await openLayout(await temporaryFolder(scope, 'bench-derive'), { create: true });
    const encoders = new EncoderPool();
    const store = { repository: layout, blobs: noBlobIndex, encoders };
    seconds.push(
      await secondsOf(async () => {
        const bases = await compactedBases(from, store);
        raw = bases.flatMap(({ shards }) => shards).reduce((sum, { row }) => sum + row.size, 0);
      }),
    );
    await encoders.close();
  }
  return { raw, seconds: median(seconds) };
}
