// How fast shards are made: a full build and the derivation of a new base, in raw lines a second, beside zstd-9 alone on
// the same shards: in one thread, as the zstd program works, which is the limit that figures are held against, and in as
// many threads as the product has. All in turns, the best of each counts: whatever else the machine does slows them alike.

import { cp } from 'node:fs/promises';
import type { Repository } from '../../src/oci/repository.ts';
import { compactedBases } from '../../src/profiles/mirror/build.ts';
import type { ShardedBundle } from '../../src/profiles/sharded/compose.ts';
import { readBundle, stateLines } from '../../src/profiles/sharded/read.ts';
import { noBlobIndex } from '../../src/profiles/sharded/store.ts';
import { openLayout } from '../../src/registry/layout/layout-repository.ts';
import { chunk, type RawShard } from '../../src/shard/chunker.ts';
import { EncoderPool, mapAhead } from '../../src/shard/encoder-pool.ts';
import { openTestCenter, tenant, type TestCenter } from '../support/center.ts';
import type { Scope } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { evidenceDays } from './support-data.ts';
import { takeProductFlags } from './support-flags.ts';
import { printResult, printTable, rounded } from './support-report.ts';
import { withScope } from './support-scope.ts';

const rounds = 5;

type Mirror = { readonly bundle: ShardedBundle; readonly repository: Repository };

export function run(): Promise<void> {
  takeProductFlags();
  return withScope(async (scope) => {
    const { days } = await evidenceDays(await temporaryFolder(scope, 'bench-build'));
    const files = days.map(({ file }) => file);
    const ingested = await ingestedFolder(scope, files[0] ?? '');
    const chain = await mirrorOf(await chainOf(scope, ingested, files.slice(1)));
    const speeds: Speeds[] = [];
    for (let round = 0; round < rounds; round++) speeds.push(await measure(scope, ingested, chain));
    report(speeds);
  });
}

async function ingestedFolder(scope: Scope, from: string): Promise<string> {
  const { center, data } = await openTestCenter(scope);
  await center.ingest(tenant, { source: 'osv', from });
  await center.close();
  return data;
}

async function chainOf(scope: Scope, ingested: string, later: readonly string[]): Promise<TestCenter> {
  const publisher = await openTestCenter(scope, { data: await copyOf(scope, ingested) });
  await publisher.succeed('mirror:full');
  for (const from of later) {
    await publisher.center.ingest(tenant, { source: 'osv', from });
    await publisher.succeed('mirror:full');
  }
  return publisher;
}

async function copyOf(scope: Scope, data: string): Promise<string> {
  const copy = await temporaryFolder(scope, 'bench-copy');
  await cp(data, copy, { recursive: true });
  return copy;
}

async function mirrorOf({ center }: TestCenter): Promise<Mirror> {
  const repository = (await center.registryStorage()).repository(`${tenant}/mirror`);
  const named = await repository.resolve('latest');
  const index = named && (await repository.manifest(named.digest));
  if (!index) throw new Error('there is no mirror');
  return { bundle: await readBundle(repository, index), repository };
}

/** Raw bytes a second. */
type Speeds = {
  readonly run: number;
  readonly full: number;
  readonly derive: number;
  readonly zstd: number;
  readonly threads: number;
};

async function measure(scope: Scope, ingested: string, chain: Mirror): Promise<Speeds> {
  const publisher = await openTestCenter(scope, { data: await copyOf(scope, ingested) });
  const { run: whole, build } = await fullBuild(publisher);
  const mirror = await mirrorOf(publisher);
  const zstd = await zstdAlone(mirror, 1);
  const threads = await zstdAlone(mirror);
  const derive = await derivation(scope, chain);
  await publisher.center.close();
  const raw = mirror.bundle.bases.flatMap(({ shards }) => shards).reduce((sum, { row }) => sum + row.size, 0);
  return { run: raw / whole, full: raw / build, derive, zstd, threads };
}

/** Seconds of the whole run, and of its build: from the plan to the stored manifests. */
async function fullBuild(publisher: TestCenter): Promise<{ readonly run: number; readonly build: number }> {
  const start = performance.now();
  const { run: id } = await publisher.succeed('mirror:full');
  const whole = (performance.now() - start) / 1_000;
  let [from, to] = [0, 0];
  for await (const { state, at } of publisher.center.runEvents(tenant, id)) {
    if (state === 'building' && from === 0) from = Date.parse(at);
    if (state === 'attesting') to = Date.parse(at);
  }
  return { run: whole, build: (to - from) / 1_000 };
}

/** Compresses the shards of the state and does nothing else; in the product's own number of threads by default. */
async function zstdAlone({ bundle, repository }: Mirror, threads?: number): Promise<number> {
  const shards: RawShard[] = [];
  for await (const shard of chunk(stateLines(repository, bundle))) shards.push(shard);
  const bytes = shards.reduce((sum, { raw }) => sum + raw.length, 0);
  const encoders = new EncoderPool(threads);
  try {
    // Threads start before the clock does.
    await Promise.all(Array.from({ length: encoders.size }, () => encoders.encode(Buffer.alloc(65_536), { level: 9 })));
    const start = performance.now();
    for await (const _ of mapAhead(each(shards), encoders.size + 1, ({ raw }) => encoders.encode(raw, { level: 9 })));
    return (bytes / (performance.now() - start)) * 1_000;
  } finally {
    await encoders.close();
  }
}

async function* each<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}

/** What a compaction does at a consumer: base and journals in, shards of the new base out, into an empty folder. */
async function derivation(scope: Scope, from: Mirror): Promise<number> {
  const layout = await openLayout(await temporaryFolder(scope, 'bench-derive'), { create: true });
  const encoders = new EncoderPool();
  try {
    const start = performance.now();
    const bases = await compactedBases(from, { repository: layout, blobs: noBlobIndex, encoders });
    const seconds = (performance.now() - start) / 1_000;
    return bases.flatMap(({ shards }) => shards).reduce((sum, { row }) => sum + row.size, 0) / seconds;
  } finally {
    await encoders.close();
  }
}

function report(speeds: readonly Speeds[]): void {
  const best = (name: keyof Speeds): number => rounded(Math.max(...speeds.map((speed) => speed[name])) / 1e6, 1);
  const figures = {
    fullMBps: best('full'),
    deriveMBps: best('derive'),
    zstdLimitMBps: best('zstd'),
    zstdThreadsMBps: best('threads'),
  };
  const row = (what: string, MBps: number) => ({ what, MBps, share: MBps / figures.zstdLimitMBps });
  printTable([
    row('zstd-9 alone', figures.zstdLimitMBps),
    row('zstd-9 alone, in the same threads', figures.zstdThreadsMBps),
    row('full build', figures.fullMBps),
    row('whole run, with plan and signature', best('run')),
    row('derived base', figures.deriveMBps),
  ]);
  printResult('build', figures);
}
