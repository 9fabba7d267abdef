// The parity report of two databases: counts for each bucket, as JSON and as a table, and every difference as a line.

import { canonicalJson, type Json } from '../../core/canonical-json.ts';
import { aspects, type Aspect, type Comparison } from './parity.ts';
import { keyParts } from './row.ts';

export type ParityCounts = {
  /** Keys with the same value on both sides. */
  readonly same: number;
  readonly onlyOurs: number;
  readonly onlyTheirs: number;
} & { readonly [aspect in Aspect]: number };

export type ParityBucket = ParityCounts & { readonly bucket: string };

export type ParitySide = { readonly name: string; readonly layerDigest: string };

export type ParityReport = {
  readonly schema: 1;
  readonly ours: ParitySide;
  readonly theirs: ParitySide;
  readonly total: ParityCounts;
  /** Of every bucket that either has, in order. */
  readonly buckets: readonly ParityBucket[];
};

type Counting = { -readonly [count in keyof ParityCounts]: number };

/** Counts comparisons in order of their keys. */
export class ParityCounter {
  readonly #bucketOf: (k: string) => string;
  readonly #buckets: ({ bucket: string } & Counting)[] = [];

  constructor(bucketOf: (k: string) => string) {
    this.#bucketOf = bucketOf;
  }

  add({ k, ours, theirs, differs }: Comparison): void {
    const bucket = this.#bucketOf(k);
    let counts = this.#buckets.at(-1);
    if (counts?.bucket !== bucket) {
      counts = { bucket, ...nothing() };
      this.#buckets.push(counts);
    }
    if (theirs === undefined) counts.onlyOurs++;
    else if (ours === undefined) counts.onlyTheirs++;
    else if (differs.length === 0) counts.same++;
    for (const aspect of differs) counts[aspect]++;
  }

  report(ours: ParitySide, theirs: ParitySide): ParityReport {
    const total = nothing();
    for (const counts of this.#buckets) for (const name of countNames) total[name] += counts[name];
    return { schema: 1, ours, theirs, total, buckets: this.#buckets };
  }
}

const countNames = ['same', 'onlyOurs', 'onlyTheirs', ...aspects] as const;

function nothing(): Counting {
  return { same: 0, onlyOurs: 0, onlyTheirs: 0, severity: 0, status: 0, fix: 0, other: 0 };
}

export function differsAnywhere({ same: _same, ...differences }: ParityCounts): boolean {
  return aspects.some((aspect) => differences[aspect] > 0) || differences.onlyOurs + differences.onlyTheirs > 0;
}

/** `{"differs","k","ours","theirs"}` LF of what is not the same; what one side does not have is left out. */
export function differenceLine({ k, ours, theirs, differs }: Comparison): string | undefined {
  if (ours && theirs && differs.length === 0) return undefined;
  const value = (v: Buffer): Json => JSON.parse(v.toString('utf8')) as Json;
  const line = {
    k: keyParts(k),
    ...(differs.length === 0 ? {} : { differs: [...differs] }),
    ...(ours ? { ours: value(ours) } : {}),
    ...(theirs ? { theirs: value(theirs) } : {}),
  };
  return `${canonicalJson(line)}\n`;
}

/** The report as Markdown: a table of the buckets that differ. */
export function reportTable({ ours, theirs, total, buckets }: ParityReport): string {
  const rows = [...buckets.filter(differsAnywhere), { bucket: '**all**', ...total }];
  const lines = rows.map((row) => `| ${escaped(row.bucket)} | ${countNames.map((name) => row[name]).join(' | ')} |`);
  return [
    '# Parity of two databases',
    '',
    `- ours: ${escaped(ours.name)}, layer ${ours.layerDigest}`,
    `- theirs: ${escaped(theirs.name)}, layer ${theirs.layerDigest}`,
    '',
    '| bucket | same | only ours | only theirs | severity | status | fix | other |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...lines,
    '',
    `${buckets.length - rows.length + 1} of ${buckets.length} buckets are the same on both sides.`,
    '',
  ].join('\n');
}

function escaped(text: string): string {
  return text.replaceAll(/[|<>]/g, (sign) => `\\${sign}`);
}
