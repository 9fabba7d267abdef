// What a day costs a mirror: real days as one chain, every fetched byte counted. Stock oras and our consumer side by
// side with the zstd program's difference of the whole states (and desync, where it is there).

import { join } from 'node:path';
import type { ShardedBundle } from '../../src/profiles/sharded/compose.ts';
import { findJudge } from '../judges.ts';
import type { Scope } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { contentAmong, isCompacted, pull, touchedShare, type Pulled } from './support-consumer.ts';
import { evidenceDays, type Day } from './support-data.ts';
import { startPublisher, type Publisher } from './support-publisher.ts';
import { mean, printResult, printTable, rounded } from './support-report.ts';
import { desyncBytes, orasCopy, patchFromBytes, writeState, zstdBytes } from './support-rivals.ts';
import { withScope } from './support-scope.ts';

type Measured = {
  readonly day: string;
  readonly touched: number;
  readonly fullBytes: number;
  readonly orasBytes: number;
  readonly orasContentBlobs: number;
  readonly orasShare: number;
  readonly ourBytes: number;
  readonly ourShare: number;
  readonly patchFromRatio: number;
  readonly compacted: boolean;
};

export function run(): Promise<void> {
  return withScope(async (scope) => {
    for (const name of ['oras', 'zstd'] as const) {
      if (findJudge(name) === undefined) throw new Error(`the benchmark needs ${name}: npm run judges -- ${name}`);
    }
    await measure(scope);
  });
}

async function measure(scope: Scope): Promise<void> {
  const folder = await temporaryFolder(scope, 'bench-delta');
  const { days } = await evidenceDays(folder);
  const [first, ...later] = days as [Day, ...Day[]];
  const chain = new Chain(scope, folder, await startPublisher(scope));
  await chain.begin(first);
  for (const day of later.slice(0, -1)) await chain.day(day);
  await chain.lastDay(later.at(-1) as Day);
  report(chain);
}

/** The days one after the other, with everybody who follows them. */
class Chain {
  readonly days: Measured[] = [];
  readonly desync: (number | undefined)[] = [];
  readonly pulls: Pulled[] = [];
  overhead = Number.NaN;
  late = Number.NaN;
  compaction: Pulled | undefined;
  readonly #scope: Scope;
  readonly #folder: string;
  readonly #states: string[] = [];
  #publisher: Publisher;

  constructor(scope: Scope, folder: string, publisher: Publisher) {
    this.#scope = scope;
    this.#folder = folder;
    this.#publisher = publisher;
  }

  async begin({ file }: Day): Promise<void> {
    const { bytes } = await this.#publisher.publish(file);
    const state = await this.#writeState();
    this.overhead = bytes / (await zstdBytes(state)) - 1;
    await orasCopy(this.#publisher, this.#at('stock'));
    await pull(this.#publisher, this.#at('ours'));
    await pull(this.#publisher, this.#at('late'));
    await desyncBytes(this.#at('chunks'), state);
  }

  async day(day: Day): Promise<void> {
    const before = await this.#publisher.bundle();
    const full = await this.#publisher.publish(day.file);
    await this.#follow(day, full.bytes, before, this.#publisher);
  }

  /** Twice: as it is for stock clients and a late consumer, and with a base that moves on for ours. */
  async lastDay(day: Day): Promise<void> {
    await this.#publisher.close();
    const { data } = this.#publisher;
    this.#publisher = await startPublisher(this.#scope, data);
    const compacting = await startPublisher(this.#scope, data);
    const before = await this.#publisher.bundle();
    const full = await this.#publisher.publish(day.file);
    await compacting.publish(day.file, { compact: true });
    await this.#follow(day, full.bytes, before, compacting);
    const pulled = await pull(this.#publisher, this.#at('late'));
    this.pulls.push(pulled);
    const [first, last] = [this.#states[0] ?? '', this.#states.at(-1) ?? ''];
    this.late = pulled.bytesFetched / (await patchFromBytes(first, last));
  }

  /** Stock clients follow the publisher, ours follows `source`, which is at the same state. */
  async #follow({ day }: Day, bytes: number, before: ShardedBundle, source: Publisher): Promise<void> {
    const old = this.#states.at(-1) ?? '';
    const state = await this.#writeState();
    const stock = await orasCopy(this.#publisher, this.#at('stock'));
    const bundle = await this.#publisher.bundle();
    const ours = await pull(source, this.#at('ours'));
    this.pulls.push(ours);
    const compacted = isCompacted(before, await source.bundle());
    if (compacted) this.compaction = ours;
    this.desync.push(await desyncBytes(this.#at('chunks'), state));
    const fullBytes = Math.min(bytes, ours.bytesTotal);
    this.days.push({
      day,
      touched: rounded(touchedShare(bundle), 5),
      fullBytes,
      orasBytes: stock.bytes,
      orasContentBlobs: contentAmong(bundle, stock.digests),
      orasShare: rounded(stock.bytes / fullBytes, 5),
      ourBytes: ours.bytesFetched,
      ourShare: rounded(ours.bytesFetched / fullBytes, 5),
      patchFromRatio: rounded(ours.bytesFetched / (await patchFromBytes(old, state))),
      compacted,
    });
  }

  async #writeState(): Promise<string> {
    const file = await writeState(this.#publisher, this.#at(`state-${this.#states.length}`));
    this.#states.push(file);
    return file;
  }

  #at(name: string): string {
    return join(this.#folder, name);
  }
}

function report({ days, desync, pulls, compaction, overhead, late }: Chain): void {
  printTable(days.map((day, at) => ({ ...day, desyncBytes: desync[at] ?? '–' })));
  const fetched = compaction?.contentFetched ?? -1;
  console.log(`the compaction fetched ${fetched} content blobs and derived ${compaction?.shardsDerived ?? 0} shards`);
  const ratios = days.map(({ patchFromRatio }) => patchFromRatio);
  // Rebuilt journals, bases and manifests are the publisher's, and the base moved on without being fetched.
  const derivedEqual = pulls.every(({ equal }) => equal) && fetched === 0;
  printResult('delta', {
    days,
    worstOrasContentBlobs: Math.max(...days.map(({ orasContentBlobs }) => orasContentBlobs)),
    worstOrasShare: Math.max(...days.map(({ orasShare }) => orasShare)),
    worstOurShare: Math.max(...days.map(({ ourShare }) => ourShare)),
    meanPatchFromRatio: rounded(mean(ratios)),
    worstPatchFromRatio: Math.max(...ratios),
    fullOverhead: rounded(overhead),
    derivedEqual: derivedEqual ? 1 : 0,
    lateRatio: rounded(late),
  });
}
