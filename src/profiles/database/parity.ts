// Compares two databases row by row: what only one of them has, and where both speak of the same thing, whether severity,
// status or fix differ. A merge of two sorted streams, so that memory holds one row of each.

import { canonicalJson, type Json } from '../../core/canonical-json.ts';
import { compareUtf8 } from '../../core/order.ts';
import { Cursor } from '../../shard/merge.ts';
import type { DatabaseRow } from './row.ts';

export const aspects = ['severity', 'status', 'fix', 'other'] as const;

/** What of a row differs. */
export type Aspect = (typeof aspects)[number];

/** One key that both have, equal or not, or that one side alone has. */
export type Comparison = {
  readonly k: string;
  readonly ours?: Buffer;
  readonly theirs?: Buffer;
  /** In the order of `aspects`; empty when the values are equal, or one is missing. */
  readonly differs: readonly Aspect[];
};

type Rows = AsyncIterable<readonly DatabaseRow[]>;

const pageRows = 512;

/** Every key of either side in rising order. */
export async function* compareRows(ours: Rows, theirs: Rows): AsyncGenerator<Comparison[]> {
  const left = await Cursor.open(ours);
  const right = await Cursor.open(theirs);
  let page: Comparison[] = [];
  try {
    while (left.head !== undefined || right.head !== undefined) {
      const order = orderOf(left.head, right.head);
      page.push(comparisonOf(order <= 0 ? left.head : undefined, order >= 0 ? right.head : undefined));
      if (order <= 0 && !left.step()) await left.refill();
      if (order >= 0 && !right.step()) await right.refill();
      if (page.length < pageRows) continue;
      yield page;
      page = [];
    }
    if (page.length > 0) yield page;
  } finally {
    await left.close();
    await right.close();
  }
}

function orderOf(left: DatabaseRow | undefined, right: DatabaseRow | undefined): number {
  if (left === undefined) return 1;
  return right === undefined ? -1 : compareUtf8(left.k, right.k);
}

function comparisonOf(left: DatabaseRow | undefined, right: DatabaseRow | undefined): Comparison {
  const k = left?.k ?? right?.k ?? '';
  if (left === undefined || right === undefined) {
    return { k, ...(left ? { ours: left.v } : {}), ...(right ? { theirs: right.v } : {}), differs: [] };
  }
  const differs = left.v.equals(right.v) ? [] : aspectsOf(parse(left.v), parse(right.v));
  return { k, ours: left.v, theirs: right.v, differs };
}

function parse(v: Buffer): Json {
  return JSON.parse(v.toString('utf8')) as Json;
}

const aspectOfMember: { readonly [member: string]: Aspect } = {
  Severity: 'severity',
  VendorSeverity: 'severity',
  Status: 'status',
  FixedVersion: 'fix',
  AffectedVersion: 'fix',
  VulnerableVersions: 'fix',
  PatchedVersions: 'fix',
  UnaffectedVersions: 'fix',
};

/** Which aspects of two values differ, whatever they are nested in. */
export function aspectsOf(ours: Json, theirs: Json): Aspect[] {
  const found = new Set<Aspect>();
  collect(ours, theirs, undefined, found);
  return aspects.filter((aspect) => found.has(aspect));
}

function collect(a: Json | undefined, b: Json | undefined, inside: Aspect | undefined, found: Set<Aspect>): void {
  const [left, right] = [membersOf(a), membersOf(b)];
  const names = new Set([...(left?.keys() ?? []), ...(right?.keys() ?? [])]);
  // What one side alone has differs by its members, so that one more entry with a fix is another fix.
  const areNested = (left !== undefined || a === undefined) && (right !== undefined || b === undefined);
  if (!areNested || names.size === 0) {
    if (canonicalText(a) !== canonicalText(b)) found.add(inside ?? 'other');
    return;
  }
  for (const name of names) collect(left?.get(name), right?.get(name), inside ?? aspectOfMember[name], found);
}

function canonicalText(value: Json | undefined): string | undefined {
  return value === undefined ? undefined : canonicalJson(value);
}

/** Members of an object or a list; undefined for anything else. */
function membersOf(value: Json | undefined): Map<string, Json | undefined> | undefined {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : undefined;
}
