// `npm run soak -- fuzz`: damaged input for every parser. Whatever comes, it is accepted as it stands or refused with an
// error of the product, in bounded memory. One line of figures at the end.

import { ExportError } from '../../src/core/errors.ts';
import { Refused } from '../../src/evidence/refused.ts';
import { mutate, randomFrom } from './support-mutate.ts';
import { allParsers, type Parser } from './support-parsers.ts';

export type FuzzFigures = {
  readonly fuzz: number;
  readonly accepted: number;
  readonly refused: number;
  readonly rssGrowthMiB: number;
  readonly seconds: number;
  readonly seed: number;
};

/** What a parser did that it must not do; the input is in the message. */
export class FuzzFinding extends Error {}

/** Tries each parser on its examples, and then on `cases` damaged inputs, shared out by what one costs. */
export async function fuzz(cases: number, seed: number): Promise<FuzzFigures> {
  const parsers = await allParsers();
  const share = parsers.reduce((sum, { cost }) => sum + 1 / cost, 0);
  const begunMs = performance.now();
  const rss = process.memoryUsage.rss();
  const totals = { fuzz: 0, accepted: 0, refused: 0 };
  for (const [at, parser] of parsers.entries()) {
    for (const example of parser.examples) {
      if (!(await accepts(parser, example))) throw new FuzzFinding(`${parser.name}: a whole example was refused`);
    }
    const random = randomFrom(seed + at);
    const tries = Math.ceil(cases / share / parser.cost);
    for (let i = 0; i < tries; i++) {
      const accepted = await accepts(parser, mutate(random.pick(parser.examples), parser.examples, random));
      totals[accepted ? 'accepted' : 'refused'] += 1;
      totals.fuzz += 1;
    }
  }
  const rssGrowthMiB = Math.round((process.memoryUsage.rss() - rss) / 2 ** 20);
  return { ...totals, rssGrowthMiB, seconds: Math.round((performance.now() - begunMs) / 100) / 10, seed };
}

async function accepts({ name, parse }: Parser, input: Buffer): Promise<boolean> {
  try {
    await parse(input);
    return true;
  } catch (error) {
    if ((error instanceof ExportError && error.code !== 'INTERNAL') || error instanceof Refused) return false;
    throw new FuzzFinding(`${name} on ${input.toString('base64')}: ${String(error)}`, { cause: error });
  }
}

/** `argv`: number of cases (default 400,000), seed (default by the clock, so that each soak tries other inputs). */
export async function run([cases = '400000', seed = String(Date.now() % 2 ** 31)]: readonly string[]): Promise<void> {
  console.log(JSON.stringify(await fuzz(Number(cases), Number(seed))));
}
