// Advisories of language packages: ranges as constraints for Trivy's comparers (docs/formats.md, "Rows of trivy:db").

import type { Json } from '../../../core/canonical-json.ts';
import type { VersionScheme } from '../versions/scheme.ts';
import type { AffectedVersions, Interval } from './intervals.ts';
import { holds, mostCompared } from './intervals.ts';

/** The members of an advisory that say what is vulnerable; undefined when nothing is. */
export function constraintsOf(affected: AffectedVersions, scheme: VersionScheme): { [key: string]: Json } | undefined {
  const { intervals, single } = affected;
  const vulnerable = [
    ...intervals.map((interval) => constraintOf(interval, scheme)),
    ...single.map((version) => `=${scheme.write(version, '=')}`),
  ];
  if (vulnerable.length === 0) return undefined;
  const patched = patchedVersions(intervals, single, scheme);
  return {
    ...(patched.length > 0 ? { PatchedVersions: patched } : {}),
    VulnerableVersions: [...new Set(vulnerable)],
  };
}

function constraintOf({ from, end }: Interval, scheme: VersionScheme): string {
  if (from !== undefined && end?.kind === 'through' && from === end.version) return `=${scheme.write(from, '=')}`;
  const operator = end?.kind === 'through' ? '<=' : '<';
  const upper = end === undefined ? [] : [`${operator}${scheme.write(end.version, operator)}`];
  if (from === undefined) return upper[0] ?? '>=0';
  return [`>=${scheme.write(from, '>=')}`, ...upper].join(', ');
}

/**
 * Fixed versions for display. Trivy takes a version that equals one of them for not vulnerable, whatever the ranges say,
 * so none is given when one of them lies in another range; Trivy then shows the ranges' ends, which are the same texts.
 */
function patchedVersions(intervals: readonly Interval[], single: readonly string[], scheme: VersionScheme): string[] {
  if (intervals.length > mostCompared) return [];
  const fixed = intervals.flatMap(({ end }) => (end?.kind === 'fixed' ? [end.version] : []));
  const written = fixed.map((version) => scheme.write(version, '='));
  const contradicted = fixed.some(
    (version) =>
      intervals.some((interval) => holds(interval, version, scheme)) ||
      single.some((other) => scheme.compare(version, other) === 0),
  );
  return contradicted ? [] : [...new Set(written.filter((text) => text !== undefined))];
}
