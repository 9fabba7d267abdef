// Advisories of Linux packages: what one bucket can say of a package's affected versions, and what it cannot.

import type { Json } from '../../../core/canonical-json.ts';
import { severityOfWord } from '../severity/severity.ts';
import type { Distribution } from './distributions.ts';
import { listOf, objectOf, textOf, type OsvAffected } from './document.ts';
import { unique } from './identifiers.ts';
import { affectedVersions, type Interval } from './intervals.ts';
import { constraintsOf } from './language-rows.ts';
import type { LeftOutCode } from './left-out.ts';

/** Trivy's status of a vulnerability that has no fix (trivy-db pkg/types/status.go). */
const affectedStatus = 2;
const endOfLifeStatus = 7;

type Tell = (code: LeftOutCode, count?: number) => void;

/** The advisory that `entries`, all of one package in one release, come to; undefined leaves it out. */
export function distributionAdvisory(
  entries: readonly OsvAffected[],
  distribution: Distribution,
  tell: Tell,
): { [member: string]: Json } | undefined {
  const { scheme } = distribution;
  const affected = affectedVersions(entries, scheme);
  if (affected.unreadable > 0) tell('version-not-expressible', affected.unreadable);
  if (distribution.ranges === true) {
    const ranges = constraintsOf(affected, scheme);
    if (ranges === undefined) tell('nothing-affected');
    return ranges;
  }
  const known = affected.intervals.filter(({ end }) => end === undefined || end.kind === 'fixed');
  if (known.length === 0) {
    if (affected.intervals.length > 0 || affected.single.length > 0) tell('fix-not-known');
    else if (affected.unreadable === 0) tell('nothing-affected');
    return undefined;
  }
  return known.some(({ end }) => end === undefined)
    ? unfixed(known, entries, distribution, tell)
    : fixed(known, entries, distribution, tell);
}

function unfixed(
  known: readonly Interval[],
  entries: readonly OsvAffected[],
  distribution: Distribution,
  tell: Tell,
): { [member: string]: Json } | undefined {
  if (distribution.unfixed === 'ignored') {
    tell('fix-not-known');
    return undefined;
  }
  const urgency = urgencyOf(entries);
  const status = urgency === 'end-of-life' ? endOfLifeStatus : affectedStatus;
  return {
    ...lowerBound(known, distribution, tell),
    ...severityOf(urgency),
    ...(distribution.source === 'debian' || distribution.source === 'echo' ? { Status: status } : {}),
  };
}

function fixed(
  known: readonly Interval[],
  entries: readonly OsvAffected[],
  distribution: Distribution,
  tell: Tell,
): { [member: string]: Json } {
  const versions = known.map(({ end }) => end?.version ?? '');
  if (new Set(versions).size > 1) tell('fix-merged');
  const highest = versions.reduce((a, b) => (distribution.scheme.compare(a, b) < 0 ? b : a));
  return {
    FixedVersion: highest,
    ...lowerBound(known, distribution, tell),
    ...severityOf(urgencyOf(entries)),
  };
}

/** The least version from which a package is affected, where rows have it; elsewhere its loss is told. */
function lowerBound(known: readonly Interval[], { lowerBound: has, scheme }: Distribution, tell: Tell) {
  if (known.some(({ from }) => from === undefined)) return {};
  const lowest = known.map(({ from }) => from ?? '').reduce((a, b) => (scheme.compare(b, a) < 0 ? b : a));
  if (has === true) return { AffectedVersion: lowest };
  tell('lower-bound-lost');
  return {};
}

/** Debian's own judgement of a vulnerability in a package, which Trivy shows before every other. */
function urgencyOf(entries: readonly OsvAffected[]): string {
  const urgencies = entries.map(({ ecosystemSpecific }) => textOf(ecosystemSpecific['urgency']));
  return (urgencies.find((urgency) => urgency !== '') ?? '').replace(/\*+$/, '');
}

function severityOf(urgency: string): { [member: string]: Json } {
  const severity = urgency === 'unimportant' ? 1 : severityOfWord(urgency);
  return severity === 0 ? {} : { Severity: severity };
}

/**
 * RPM buckets are asked for binary packages. Records that list the binaries of a source package (SUSE) stand for them;
 * others name binaries themselves.
 */
export function binariesOf(entry: OsvAffected): readonly OsvAffected[] {
  const listed = listOf(entry.ecosystemSpecific['binaries']).flatMap((item) => Object.entries(objectOf(item)));
  if (listed.length === 0) return [entry];
  return listed.map(([name, version]) => ({
    ...entry,
    name,
    ranges: [
      [
        { kind: 'introduced', version: '0' },
        { kind: 'fixed', version: textOf(version) },
      ],
    ],
    versions: [],
  }));
}

/** Titles are short; a search in a long one would take time that grows faster than it. */
const mostTitleChars = 1_000;

/**
 * The names by which Trivy asks for a package in an RPM bucket. Packages of a module are asked for as
 * `name:stream::package`; the stream stands in the titles of errata alone. Undefined when it is not known: under the plain
 * name the advisory would speak of another build.
 */
export function rpmNames(name: string, title: string, isModular: boolean): readonly string[] | undefined {
  if (!isModular) return [name];
  const streams = title
    .slice(0, mostTitleChars)
    .match(/(?<![\w:.-])[A-Za-z0-9][A-Za-z0-9+._-]*:[A-Za-z0-9][A-Za-z0-9._-]*/g);
  return streams === null ? undefined : unique(streams).map((stream) => `${stream}::${name}`);
}

/** RPM releases of modules say so: `…module_el8.4.0+…`, `…module+el8.5.0+…`. */
export function isModular({ ranges }: OsvAffected): boolean {
  return ranges.flat().some(({ kind, version }) => kind === 'fixed' && /\.module[+_]/.test(version));
}
