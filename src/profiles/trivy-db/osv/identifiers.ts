// The identifiers that the rows of a record stand under: one row for each CVE that it is about, else one under its own.

import type { OsvDocument } from './document.ts';
import { compareUtf8 } from '../../../core/order.ts';

export type Identifiers = {
  /** Keys of advisory and vulnerability rows, sorted. */
  readonly keys: readonly string[];
  /** The record's other names, sorted. */
  readonly vendor: readonly string[];
};

const cvePattern = /^CVE-\d{4}-\d{4,}$/;

/** Errata of distributions that name their CVEs in `related`. */
const errataPattern = /^(?:ALSA|ALBA|ALEA|RHSA|RHBA|RHEA|RLSA|RXSA|DSA|DLA|USN|LSN|PHSA|SUSE-|openSUSE-)/;

export function identifiersOf({ id, aliases, upstream, related }: OsvDocument): Identifiers {
  const named = [id, ...aliases, ...upstream];
  const own = named.filter((name) => cvePattern.test(name));
  const cves = own.length > 0 || !errataPattern.test(id) ? own : related.filter((name) => cvePattern.test(name));
  const others = named.filter((name) => !cvePattern.test(name));
  if (cves.length > 0) return { keys: unique(cves), vendor: unique(others) };
  return { keys: [id], vendor: unique(others).filter((name) => name !== id) };
}

export function unique(names: Iterable<string>): string[] {
  return [...new Set(names)].sort(compareUtf8);
}
