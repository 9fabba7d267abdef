// What every Trivy database must have, whatever its evidence: without these rows Trivy fails on every image of RHEL and
// its kin instead of finding nothing (docs/formats.md, "Rows of trivy:db").

import type { Contribution } from '../database/row.ts';
import { defaultContentSetRows } from './osv/red-hat.ts';

/** The least rank of own evidence. */
export const defaultRank = 1;

export function requiredContributions(): Contribution[] {
  return [...defaultContentSetRows()].map(({ k, v }) => ({ k, rank: defaultRank, v }));
}
