// The evidence that benchmarks run on: real days of the corpora where they lie beside the checkout, else made-up records
// of the same number and size.

import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { findCorpora } from '../support/corpora.ts';

export type Day = { readonly day: string; readonly file: string };

const realDays = ['2026-07-16', '2026-07-17', '2026-07-21', '2026-07-28'];

/** A base and the days after it, oldest first. What is made up is written into `folder`. */
export async function evidenceDays(folder: string): Promise<{ readonly real: boolean; readonly days: readonly Day[] }> {
  const corpora = findCorpora();
  if (corpora !== undefined) {
    const large = join(corpora, 'osv-large');
    const base = { day: '2026-07-15', file: join(large, 'base-2026-07-15.jsonl.gz') };
    return {
      real: true,
      days: [base, ...realDays.map((day) => ({ day, file: join(large, `delta-${day}.jsonl.gz`) }))],
    };
  }
  console.log('the corpora are not beside the checkout: made-up records take their place');
  const days: Day[] = [];
  for (let day = 0; day < 5; day++) {
    const file = join(folder, `made-up-${day}.jsonl.gz`);
    await writeLines(file, day === 0 ? madeUpLines(38_000, 0) : madeUpLines(400, day, 97));
    days.push({ day: `day-${day + 1}`, file });
  }
  return { real: false, days };
}

export type MadeUpLine = { readonly source: string; readonly path: string; readonly text: string };

/** `count` advisories in version `version`; every `step`-th of the 38,000. */
export function* madeUpLines(count: number, version: number, step = 1): Generator<MadeUpLine> {
  for (let i = 0; i < count; i++) yield madeUpLine((i * step) % 38_000, version);
}

/** About as large as a real advisory, and about as compressible. */
export function madeUpLine(number: number, version: number): MadeUpLine {
  const id = `MADE-2026-${String(number).padStart(5, '0')}`;
  const words = Array.from(
    { length: 90 },
    (_, at) => vocabulary[mixed(number * 131 + at + version * (at % 17 === 0 ? 7 : 0))],
  );
  const text = JSON.stringify({
    id,
    modified: `2026-07-${String(1 + version).padStart(2, '0')}T00:00:00Z`,
    summary: words.slice(0, 12).join(' '),
    details: words.join(' '),
    affected: [
      {
        package: { name: `example.org/${vocabulary[mixed(number)]}/${number}`, ecosystem: 'Go' },
        ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: `1.${number % 40}.${version}` }] }],
        versions: Array.from({ length: number % 30 }, (_, at) => `1.${number % 40}.${at}`),
      },
    ],
    references: [{ type: 'WEB', url: `https://example.org/advisories/${id}` }],
  });
  return { source: number % 3 === 0 ? 'go' : 'pypa', path: `${id}.json`, text };
}

const vocabulary = Array.from({ length: 1_024 }, (_, at) => mixed(at + 7, 2_176_782_336).toString(36));

/** A fixed scramble of a number. */
function mixed(value: number, below = 1_024): number {
  let x = Math.imul(value ^ 0x9e37_79b9, 0x85eb_ca6b) >>> 0;
  x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35) >>> 0;
  return ((x ^ (x >>> 16)) % below) >>> 0;
}

export async function writeLines(file: string, lines: Iterable<object>): Promise<void> {
  const texts = function* (): Generator<string> {
    for (const line of lines) yield `${JSON.stringify(line)}\n`;
  };
  await pipeline(Readable.from(texts()), createGzip({ level: 1 }), createWriteStream(file));
}
