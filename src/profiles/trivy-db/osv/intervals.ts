// Affected intervals of a package out of OSV's events and versions (osv-schema, "Evaluation"): events of a range in the
// order of their versions, an interval from each that introduces to the next that ends it.

import type { VersionScheme } from '../versions/scheme.ts';
import type { OsvAffected, OsvEvent } from './document.ts';
import { textOf } from './document.ts';

export type IntervalEnd = { readonly kind: 'fixed' | 'before' | 'through'; readonly version: string };

/** From `from` (undefined: from the first version on) to `end` (undefined: for ever). */
export type Interval = { readonly from?: string; readonly end?: IntervalEnd };

export type AffectedVersions = {
  readonly intervals: readonly Interval[];
  /** Versions that no interval holds. */
  readonly single: readonly string[];
  /** Ranges and versions that the scheme cannot read. */
  readonly unreadable: number;
};

/** Intervals beyond this are not compared with every version: those are listed singly then, which says the same. */
export const mostCompared = 1_000;

/** What `entries`, all of one package, say together. */
export function affectedVersions(entries: readonly OsvAffected[], scheme: VersionScheme): AffectedVersions {
  const intervals = new Map<string, Interval>();
  let unreadable = 0;
  for (const entry of entries) {
    for (const events of entry.ranges) {
      const found = intervalsOf(events, entry, scheme);
      if (found === undefined) unreadable++;
      for (const interval of found ?? []) {
        if (!isEmpty(interval, scheme)) intervals.set(JSON.stringify([interval.from, interval.end]), interval);
      }
    }
  }
  const list = [...intervals.values()];
  const compared = list.length <= mostCompared ? list : [];
  const single = new Set<string>();
  for (const version of entries.flatMap(({ versions }) => versions)) {
    if (scheme.write(version, '=') === undefined) unreadable++;
    else if (!compared.some((interval) => holds(interval, version, scheme))) single.add(version);
  }
  return { intervals: list, single: [...single], unreadable };
}

/** Undefined when a version of the range cannot be read. */
function intervalsOf(events: readonly OsvEvent[], entry: OsvAffected, scheme: VersionScheme): Interval[] | undefined {
  const bounded = events.filter(({ kind, version }) => kind !== 'limit' || version !== '*');
  if (!bounded.every((event) => isStart(event) || isReadable(event, scheme))) return undefined;
  const sorted = [...bounded].sort((a, b) => compareEvents(a, b, scheme));
  const intervals: Interval[] = [];
  let open: { from?: string } | undefined;
  for (const event of sorted) {
    if (event.kind === 'introduced') {
      open ??= isStart(event) ? {} : { from: event.version };
    } else if (open !== undefined) {
      intervals.push({ ...open, end: { kind: endKinds[event.kind], version: event.version } });
      open = undefined;
    }
  }
  if (open !== undefined) intervals.push({ ...open, ...lastKnown(entry, scheme) });
  return intervals;
}

const endKinds = { fixed: 'fixed', limit: 'before', last_affected: 'through' } as const;

/** `introduced: "0"` stands for before every version. */
function isStart({ kind, version }: OsvEvent): boolean {
  return kind === 'introduced' && version === '0';
}

function isReadable({ kind, version }: OsvEvent, scheme: VersionScheme): boolean {
  const operator = kind === 'introduced' ? '>=' : kind === 'last_affected' ? '<=' : '<';
  return scheme.write(version, operator) !== undefined;
}

/** Events of one version stay in the record's order. */
function compareEvents(a: OsvEvent, b: OsvEvent, scheme: VersionScheme): number {
  if (isStart(a) || isStart(b)) return Number(isStart(b)) - Number(isStart(a));
  return scheme.compare(a.version, b.version);
}

/** What the GitHub database knows of the end of a range without one. */
function lastKnown(entry: OsvAffected, scheme: VersionScheme): { end?: IntervalEnd } {
  const text = textOf(entry.databaseSpecific['last_known_affected_version_range']).replaceAll(' ', '');
  const match = /^(<=?)(.+)$/.exec(text);
  if (match === null) return {};
  const [, operator = '', version = ''] = match;
  const kind = operator === '<' ? 'before' : 'through';
  return scheme.write(version, operator as '<' | '<=') === undefined ? {} : { end: { kind, version } };
}

function isEmpty({ from, end }: Interval, scheme: VersionScheme): boolean {
  if (from === undefined || end === undefined) return false;
  const order = scheme.compare(from, end.version);
  return end.kind === 'through' ? order > 0 : order >= 0;
}

export function holds({ from, end }: Interval, version: string, scheme: VersionScheme): boolean {
  if (from !== undefined && scheme.compare(version, from) < 0) return false;
  if (end === undefined) return true;
  const order = scheme.compare(version, end.version);
  return end.kind === 'through' ? order <= 0 : order < 0;
}
