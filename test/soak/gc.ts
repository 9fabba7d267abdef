// `npm run soak -- gc`: garbage collection by two centers beside runs, pushes and copies of the very content that is about to
// go. After each round everything that a tag names is whole, and what nobody names goes in the end.

import assert from 'node:assert/strict';
import { glob, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { copyGraph } from '../../src/registry/copy.ts';
import type { RegistryStorage } from '../../src/registry/storage/storage.ts';
import { assertWholeRegistry } from '../crash/whole-registry.ts';
import { feed, openTestCenter, put, type TestCenter } from '../support/center.ts';
import { withScope } from '../support/with-scope.ts';

export type GcFigures = {
  readonly gc: number;
  /** Blobs that went, and runs and copies that were at work meanwhile. */
  readonly blobsRemoved: number;
  readonly runs: number;
  readonly copies: number;
  readonly seconds: number;
};

const mirror = 'default/mirror';

/** Plays rounds on one data folder for some seconds; throws an AssertionError that names what is missing. */
export async function collectBesidePushes(seconds: number): Promise<GcFigures> {
  const begunMs = performance.now();
  const endMs = begunMs + seconds * 1000;
  let round = 0;
  const totals = { blobsRemoved: 0, runs: 0, copies: 0 };
  await withScope(async (scope) => {
    const working = await openTestCenter(scope);
    const data = working.data;
    const collectors = [await openTestCenter(scope, { data }), await openTestCenter(scope, { data })];
    const storage = await working.center.registryStorage();
    await working.ingest([...feed('go', 120), ...feed('rustsec', 60)]);
    for (; performance.now() < endMs; round++) {
      await change(working, round);
      await forgetSome(storage, round);
      await makeOld(join(data, 'registry'));
      const collected = collectors.map(({ center }) => center.collectGarbage({ dryRun: false }));
      const worked = [work(working, round, totals), copyBack(storage, round, totals)];
      for (const { blobs } of await Promise.all(collected)) totals.blobsRemoved += blobs;
      await Promise.all(worked);
      await assertWholeRegistry(join(data, 'registry'));
    }
  });
  if (round > 3) assert.ok(totals.blobsRemoved > 0, 'nothing was ever collected');
  return { gc: round, ...totals, seconds: Math.round((performance.now() - begunMs) / 100) / 10 };
}

/** Every third round leaves the evidence as it is: its runs find everything present while it is being swept. */
async function change(working: TestCenter, round: number): Promise<void> {
  if (round % 3 === 2) return;
  await working.ingest([put('go', `GO-2026-${String(round % 50).padStart(4, '0')}`, { note: `round ${round}` })]);
}

/** Takes names away, so that what they named is garbage unless somebody makes it anew. */
async function forgetSome(storage: RegistryStorage, round: number): Promise<void> {
  const raw = storage.repository('default/json-raw');
  if (round % 2 === 0) for (const tag of await raw.tags()) await raw.deleteTag(tag);
  const copies = storage.repository('default/copies');
  for (const tag of await copies.tags()) await copies.deleteTag(tag);
}

/** Everything in the registry was last touched three hours ago, which is beyond the grace of two. */
async function makeOld(registry: string): Promise<void> {
  const old = new Date(Date.now() - 3 * 60 * 60_000);
  for await (const path of glob(`${registry}/**`)) {
    if ((await stat(path)).isFile()) await utimes(path, old, old);
  }
}

async function work(working: TestCenter, round: number, totals: { runs: number }): Promise<void> {
  const profiles = round % 2 === 0 ? ['json:raw', 'mirror:delta'] : ['mirror:full', 'json:raw'];
  for (const profile of profiles) {
    await working.succeed(profile);
    totals.runs += 1;
  }
}

/** Publishes the newest mirror in another repository again, whose content went or is going. */
async function copyBack(storage: RegistryStorage, round: number, totals: { copies: number }): Promise<void> {
  const from = storage.repository(mirror);
  const root = await from.resolve('latest');
  if (root === undefined) return;
  const to = storage.repository('default/copies');
  await copyGraph(from, to, root, { tags: [`round-${round}`], referrers: true, legacySignatures: true });
  totals.copies += 1;
}

/** `argv`: seconds (default: ten minutes). */
export async function run([seconds = '600']: readonly string[]): Promise<void> {
  console.log(JSON.stringify(await collectBesidePushes(Number(seconds))));
}
