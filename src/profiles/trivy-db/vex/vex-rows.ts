// VEX statements among the rows of a Trivy database: each becomes a mark on the rows that speak of its package and
// vulnerability, and takes them out, or a version out of them, when a profile asks for it (docs/formats.md, "VEX").

import type { Json } from '../../../core/canonical-json.ts';
import { rowKey, type Contribution, type LeaveOut } from '../../database/row.ts';
import { objectOf, textOf } from '../osv/document.ts';
import { placeOfPackage, type PackagePlace } from './package-rows.ts';
import { headerInstant, readVexStatement, type VexStatement, type VexStatus } from './statements.ts';

/** Statements rank above everything that says what is vulnerable. */
export const vexRank = 1_000;

export type VexOptions = {
  /** Statuses that take rows out. */
  readonly suppress: readonly VexStatus[];
  /** Collections of the tenant's own OSV evidence. */
  readonly collections: readonly string[];
  readonly leaveOut: LeaveOut;
};

/** Of two statements of one instant the one that leaves more to fear holds. */
const gravity: readonly VexStatus[] = ['not_affected', 'fixed', 'under_investigation', 'affected'];

/** Marks of the records of OpenVEX evidence, which must come in the order of their keys: headers before statements. */
export class VexConversion {
  readonly #options: VexOptions;
  #document = '';
  #inherited = '';

  constructor(options: VexOptions) {
    this.#options = options;
  }

  contributions({ c, k, v }: { readonly c: string; readonly k: string; readonly v: Json }): Contribution[] {
    const path = k.split('\u001f', 1)[0] ?? '';
    if (path === k) {
      this.#document = rowKey(c, path);
      this.#inherited = headerInstant(v);
      return [];
    }
    const inherited = this.#document === rowKey(c, path) ? this.#inherited : '';
    return this.#marks(readVexStatement(v, inherited));
  }

  #marks(statement: VexStatement): Contribution[] {
    const { leaveOut, suppress, collections } = this.#options;
    if (statement.others > 0) leaveOut('vex-product-not-a-package', statement.others);
    const marks: Contribution[] = [];
    for (const purl of statement.packages) {
      const place = placeOfPackage(purl, collections);
      const version = purl.version === '' ? '' : place?.scheme?.write(purl.version, '=');
      if (place === undefined) leaveOut('vex-package-not-placed');
      else if (version === undefined) leaveOut('vex-version-not-expressible');
      else marks.push(...marksOf(statement, place, version, suppress));
    }
    return marks;
  }
}

function marksOf(
  { at, status, vulnerabilities }: VexStatement,
  { buckets, names }: PackagePlace,
  version: string,
  suppress: readonly VexStatus[],
): Contribution[] {
  const v = { at, status, suppresses: suppress.includes(status), version };
  return buckets.flatMap((bucket) =>
    names.flatMap((name) => vulnerabilities.map((id) => ({ k: rowKey(bucket, name, id), rank: vexRank, v }))),
  );
}

/** The row after `marks`; `code` says what happened, undefined when nothing did. */
export function vexVerdict(row: Json, marks: readonly Contribution[]): { readonly row?: Json; readonly code?: string } {
  const newest = new Map<string, { at: string; status: VexStatus; suppresses: boolean }>();
  for (const { v } of marks) {
    const { at, status, suppresses, version } = objectOf(v);
    const mark = { at: textOf(at), status: textOf(status) as VexStatus, suppresses: suppresses === true };
    const before = newest.get(textOf(version));
    if (before === undefined || isNewer(mark, before)) newest.set(textOf(version), mark);
  }
  const whole = newest.get('');
  if (whole?.suppresses === true) return { code: `vex-${whole.status.replaceAll('_', '-')}` };
  const versions = [...newest]
    .filter(([version, mark]) => version !== '' && mark.suppresses)
    .map(([version]) => version);
  if (versions.length === 0) return { row };
  return {
    row: { ...objectOf(row), UnaffectedVersions: versions.sort().map((version) => `=${version}`) },
    code: 'vex-version',
  };
}

function isNewer(a: { at: string; status: VexStatus }, b: { at: string; status: VexStatus }): boolean {
  if (a.at !== b.at) return a.at > b.at;
  return gravity.indexOf(a.status) > gravity.indexOf(b.status);
}
