// Red Hat: rows of `Red Hat`, and of `Red Hat CPE`, by which Trivy finds out which products an image has. An image names
// content sets; a content set leads to CPEs, written as numbers; an advisory lists the numbers of the CPEs it is about.

import { createHash } from 'node:crypto';
import type { Json } from '../../../core/canonical-json.ts';
import { rowKey } from '../../database/row.ts';
import type { SeverityLevel } from '../severity/severity.ts';

export const redHatBucket = 'Red Hat';
const cpeBucket = 'Red Hat CPE';

/** Content sets that Trivy takes for granted when an image says nothing, with the CPE that Red Hat gives them. */
const defaultContentSets: ReadonlyMap<string, string> = new Map([
  ['rhel-6-server-rpms', 'cpe:/o:redhat:enterprise_linux:6::server'],
  ['rhel-6-server-extras-rpms', 'cpe:/a:redhat:rhel_extras:6'],
  ['rhel-7-server-rpms', 'cpe:/o:redhat:enterprise_linux:7::server'],
  ['rhel-7-server-extras-rpms', 'cpe:/a:redhat:rhel_extras:7'],
  ['rhel-8-for-x86_64-baseos-rpms', 'cpe:/o:redhat:enterprise_linux:8::baseos'],
  ['rhel-8-for-x86_64-appstream-rpms', 'cpe:/a:redhat:enterprise_linux:8::appstream'],
  ['rhel-9-for-x86_64-baseos-rpms', 'cpe:/o:redhat:enterprise_linux:9::baseos'],
  ['rhel-9-for-x86_64-appstream-rpms', 'cpe:/a:redhat:enterprise_linux:9::appstream'],
]);

const architectures = ['aarch64', 'ppc64le', 's390x', 'x86_64'];

/**
 * The number of a CPE: the first 48 bits of its SHA-256, so that it depends on nothing else. Numbers of upstream's
 * databases are counted from 0 and stay far below.
 */
export function cpeNumber(cpe: string): number {
  return createHash('sha256').update(cpe).digest().readUIntBE(0, 6);
}

/** The CPE of an OSV ecosystem such as `Red Hat:enterprise_linux:9::baseos`; undefined for other ecosystems. */
export function cpeOf(ecosystem: string): string | undefined {
  const product = /^Red Hat:(.+)$/.exec(ecosystem)?.[1];
  if (product === undefined) return undefined;
  return `cpe:/${product.endsWith('::baseos') || product.endsWith('::server') ? 'o' : 'a'}:redhat:${product}`;
}

/** Content sets whose packages a CPE stands for, sorted; empty when none is known. */
export function contentSetsOf(cpe: string): string[] {
  const sets = [...defaultContentSets].filter(([, known]) => known === cpe).map(([set]) => set);
  const match = /:redhat:(enterprise_linux|rhel_(aus|e4s|eus|tus)):(\d+)(?:\.\d+)?::(baseos|appstream|crb)$/.exec(cpe);
  if (match === null) return sets;
  const [, , stream, major, channel] = match;
  const repository = channel === 'crb' ? 'codeready-builder' : channel;
  const tail = `${repository}${stream === undefined ? '' : `-${stream}`}-rpms`;
  const prefix = channel === 'crb' ? 'codeready-builder-for-rhel' : 'rhel';
  const named = architectures.map((arch) =>
    channel === 'crb' ? `${prefix}-${major}-${arch}-rpms` : `${prefix}-${major}-for-${arch}-${tail}`,
  );
  return [...new Set([...sets, ...named])].sort();
}

export function contentSetKey(contentSet: string): string {
  return rowKey(cpeBucket, 'repository', contentSet);
}

export function cpeKey(cpe: string): string {
  return rowKey(cpeBucket, 'cpe', String(cpeNumber(cpe)));
}

/** Whether `k` is a row that maps a content set or a package to CPE numbers. */
export function isCpeList([bucket, kind]: readonly string[]): boolean {
  return bucket === cpeBucket && kind !== 'cpe';
}

/** Whether `k` is the row of a CPE. */
export function isCpe([bucket, kind]: readonly string[]): boolean {
  return bucket === cpeBucket && kind === 'cpe';
}

export type RedHatEntry = {
  readonly cves: readonly string[];
  readonly severity: SeverityLevel;
  readonly cpes: readonly string[];
  readonly fixedVersion: string;
};

/** The value of a fixed advisory, which stands under its erratum's identifier. */
export function redHatValue({ cves, severity, cpes, fixedVersion }: RedHatEntry): Json {
  const named = cves.map((id) => (severity === 0 ? { ID: id } : { ID: id, Severity: severity }));
  const affected = cpes.map(cpeNumber).sort((a, b) => a - b);
  return { Entries: [{ Affected: affected, Cves: named, FixedVersion: fixedVersion }] };
}

/**
 * What every database has: without a content set that Trivy asks for, it fails on every image of RHEL and its kin instead
 * of finding nothing (trivy-db redhat-oval.go).
 */
export function* defaultContentSetRows(): Generator<{ k: string; v: Json }> {
  for (const [set, cpe] of defaultContentSets) {
    yield { k: contentSetKey(set), v: [cpeNumber(cpe)] };
    yield { k: cpeKey(cpe), v: cpe };
  }
}
