// What a small project of one language is made of: a lock file as its package manager writes it, advisories about its
// packages as OSV records, and the findings that follow from their texts.

import type { Json } from '../../../src/core/canonical-json.ts';

export type Finding = {
  readonly id: string;
  readonly name: string;
  readonly installed: string;
  readonly fixed: string;
  readonly severity: string;
  /** Name of the data source. */
  readonly source: string;
};

export type Project = {
  /** OSV's ecosystem. */
  readonly ecosystem: string;
  readonly files: { readonly [path: string]: string };
  readonly records: readonly Json[];
  readonly findings: readonly Finding[];
};

type Events = readonly (readonly [kind: string, version: string])[];

/** An OSV record about one package. */
export function record(
  id: string,
  ecosystem: string,
  name: string,
  events: Events,
  more: { readonly [member: string]: Json } = {},
): Json {
  const { versions, ...rest } = more;
  return {
    schema_version: '1.7.0',
    id,
    modified: '2026-01-02T03:04:05Z',
    published: '2026-01-01T00:00:00Z',
    summary: `a flaw in ${name}`,
    affected: [
      {
        package: { ecosystem, name },
        ranges: events.length === 0 ? [] : [{ type: 'ECOSYSTEM', events: events.map(([k, v]) => ({ [k]: v })) }],
        ...(versions === undefined ? {} : { versions }),
      },
    ],
    ...rest,
  };
}

export const high = { severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H' }] };
export const critical = {
  severity: [{ type: 'CVSS_V4', score: 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N' }],
};
