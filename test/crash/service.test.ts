// kill -9 of the service at points spread over everything that it does in ingests, runs and pushes elsewhere: nothing
// acknowledged is lost, nothing is visible by halves, and the story told again ends with the digests of a calm one.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { boundedRunner } from '../../src/registry/bounded-runner.ts';
import { CrashWorld, type Death } from './crash-world.ts';

/** Stories with a first death in each step: ingest, json:raw, mirror:full, ingest, mirror:delta, copy elsewhere. */
const stories = [3, 2, 2, 3, 4, 3];
/** The second death comes while the service takes up what the first one left. */
const secondDeathWithin = 250;
const deathsInTheMiddle = 30;
/** A story told on a slow machine takes fewer steps, and a death may come too late for it: so many more may be told. */
const moreStories = 17;

/** Point `at` of a sequence within [from, to), spread out and the same in each run (low discrepancy). */
function point(at: number, from: number, to: number): number {
  return from + 1 + Math.floor(((at * 0.618_033_988_75 + 0.11) % 1) * (to - from));
}

function spread(count: number, from: number, to: number): number[] {
  return Array.from({ length: count }, (_, at) => point(at, from, to));
}

it(`the service survives ${deathsInTheMiddle} kill -9 in ingest, build, attest, tag and push`, async (t) => {
  const world = await CrashWorld.open(t);
  const { steps } = world.known;
  const [ready = 0] = steps;
  const end = steps.at(-2) ?? 0;
  const firsts = [
    ...stories.flatMap((count, at) => spread(count, steps[at] ?? 0, steps[at + 1] ?? 0)),
    ...spread(moreStories, ready, end),
  ];
  const planned = firsts.length - moreStories;
  const deaths: Death[] = [];
  const middle = () => deaths.filter(({ inTheMiddle }) => inTheMiddle).length;
  const run = boundedRunner(2);
  const tell = async (first: number, at: number): Promise<void> => {
    if (at >= planned && middle() >= deathsInTheMiddle) return;
    deaths.push(...(await world.round([{ atStep: first }, { atStep: point(at, ready, ready + secondDeathWithin) }])));
  };
  await Promise.all(firsts.map((first, at) => run(() => tell(first, at))));
  t.diagnostic(summary(deaths));
  assert.ok(middle() >= deathsInTheMiddle, `${middle()} deaths came before the end of the story`);
});

function summary(deaths: readonly Death[]): string {
  const counts = new Map<string, number>();
  for (const { place } of deaths) counts.set(place, (counts.get(place) ?? 0) + 1);
  return [...counts].map(([place, count]) => `${place} ×${count}`).join(', ');
}
