// One advisory out of several records of own evidence about one package and vulnerability.

import type { Json } from '../../core/canonical-json.ts';
import type { Contribution } from '../database/row.ts';
import { listOf, objectOf, textOf, type JsonObject } from './osv/document.ts';
import { unique } from './osv/identifiers.ts';
import { apkScheme, debScheme, rpmScheme } from './versions/distribution.ts';
import type { VersionScheme } from './versions/scheme.ts';

/** `parts` by rank, then by value. Of distributions the highest rank speaks alone, of languages all speak together. */
export function combineAdvisories(bucket: string, parts: readonly Contribution[]): Json {
  const values = parts.map(({ v }) => objectOf(v));
  const last = values.at(-1) as JsonObject;
  if (values.length === 1) return last;
  const hasRanges = bucket.includes('::') || bucket.startsWith('root.io ');
  if (hasRanges) return joined(values);
  const highest = parts.at(-1)?.rank;
  return oneFix(
    values.filter((_, at) => parts[at]?.rank === highest),
    schemeOf(bucket),
  );
}

/** A version is affected if any of the records says so. */
function joined(values: readonly JsonObject[]): Json {
  const ranges = values.flatMap((value) => listOf(value['VulnerableVersions']).map(textOf));
  const vendor = unique(values.flatMap((value) => listOf(value['VendorIDs']).map(textOf)));
  const severity = Math.max(...values.map((value) => Number(value['Severity'] ?? 0)));
  const same = values.every((value) => sameList(value, values[0] as JsonObject));
  return {
    // A version that one record calls fixed may be affected by another: Trivy shows the ends of the ranges instead.
    ...(same && values[0]?.['PatchedVersions'] !== undefined ? { PatchedVersions: values[0]['PatchedVersions'] } : {}),
    ...(severity > 0 ? { Severity: severity } : {}),
    ...(vendor.length > 0 ? { VendorIDs: vendor } : {}),
    VulnerableVersions: [...new Set(ranges)],
  };
}

function sameList(a: JsonObject, b: JsonObject): boolean {
  return ['VulnerableVersions', 'PatchedVersions'].every(
    (member) => JSON.stringify(a[member]) === JSON.stringify(b[member]),
  );
}

/** A fix before none, the highest of several. */
function oneFix(values: readonly JsonObject[], scheme: VersionScheme): Json {
  const fixed = values.filter((value) => textOf(value['FixedVersion']) !== '');
  if (fixed.length === 0) return values.at(-1) ?? {};
  return fixed.reduce((a, b) => (scheme.compare(textOf(a['FixedVersion']), textOf(b['FixedVersion'])) <= 0 ? b : a));
}

function schemeOf(bucket: string): VersionScheme {
  if (/^(?:debian|ubuntu|echo)\b/.test(bucket)) return debScheme;
  return /^(?:alpine|wolfi|chainguard|minimos)\b/.test(bucket) ? apkScheme : rpmScheme;
}
