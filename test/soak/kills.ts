// `npm run soak -- kills`: the service killed by SIGKILL hundreds of times, at steps and at milliseconds drawn by chance, up
// to four times in one story. See test/crash for what must hold.

import { CrashWorld, type Moment } from '../crash/crash-world.ts';
import { randomFrom, type Random } from './support-mutate.ts';
import { withScope } from '../support/with-scope.ts';

export type KillFigures = {
  readonly kills: number;
  /** Deaths before the story was over, by what the story was at. */
  readonly inTheMiddle: number;
  readonly places: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly seed: number;
};

/** Kills at least `kills` times; throws an AssertionError with what was lost. */
export async function killService(kills: number, seed: number): Promise<KillFigures> {
  const begunMs = performance.now();
  const random = randomFrom(seed);
  const places = new Map<string, number>();
  let [done, inTheMiddle] = [0, 0];
  await withScope(async (scope) => {
    const world = await CrashWorld.open(scope);
    while (done < kills) {
      for (const death of await world.round(momentsOf(world, random))) {
        done += 1;
        if (!death.inTheMiddle) continue;
        inTheMiddle += 1;
        places.set(death.place, (places.get(death.place) ?? 0) + 1);
      }
    }
  });
  const seconds = Math.round((performance.now() - begunMs) / 1000);
  return { kills: done, inTheMiddle, places: Object.fromEntries(places), seconds, seed };
}

/** The first death anywhere in the story, the later ones soon after a restart. */
function momentsOf({ known }: CrashWorld, random: Random): Moment[] {
  const [ready = 0, last = 0] = [known.steps[0], known.steps.at(-1)];
  return Array.from({ length: 1 + random.below(4) }, (_, at): Moment => {
    const share = at === 0 ? 0.8 : 0.3;
    if (random.below(2) === 0) return { afterMs: random.below(Math.ceil(known.storyMs * share)) };
    return { atStep: ready + 1 + random.below(Math.ceil((last - ready) * share)) };
  });
}

/** `argv`: number of kills (default 300), seed (default by the clock). */
export async function run([kills = '300', seed = String(Date.now() % 2 ** 31)]: readonly string[]): Promise<void> {
  console.log(JSON.stringify(await killService(Number(kills), Number(seed))));
}
