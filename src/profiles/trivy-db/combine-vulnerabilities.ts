// The row of one vulnerability: severities and scores by who gives them, title and text from the first who has them.

import type { Json } from '../../core/canonical-json.ts';
import type { Contribution } from '../database/row.ts';
import { listOf, objectOf, textOf, type JsonObject } from './osv/document.ts';
import { unique } from './osv/identifiers.ts';
import { severityNames } from './severity/severity.ts';

/** Members by source: own evidence replaces what the same source says in an overlay, and nothing else. */
const bySource = ['CVSS', 'VendorSeverity'] as const;

/**
 * `overlays` and `own` in rising order of precedence. An overlay's title, text, dates, references and last-resort severity
 * stay: they were merged out of more sources than own evidence has, and findings of other sources show them.
 */
export function combineVulnerabilities(overlays: readonly Contribution[], own: readonly Contribution[]): Json {
  const base = overlays.at(-1);
  const merged = own.length === 0 ? {} : mergeOwn(own.map(({ v }) => objectOf(v)));
  if (base === undefined) return merged;
  const kept = objectOf(base.v);
  const row: { [member: string]: Json | undefined } = { ...merged, ...kept };
  for (const member of bySource) {
    const values = { ...objectOf(kept[member]), ...objectOf(merged[member]) };
    if (Object.keys(values).length > 0) row[member] = values;
  }
  return row;
}

function mergeOwn(values: readonly JsonObject[]): JsonObject {
  const row: { [member: string]: Json | undefined } = {};
  for (const value of values) {
    // Later ones rank higher.
    for (const [member, item] of Object.entries(value)) row[member] = item;
  }
  for (const member of ['CweIDs', 'References']) {
    const all = unique(values.flatMap((value) => listOf(value[member]).map(textOf)));
    if (all.length > 0) row[member] = all;
  }
  const severities = values.map((value) => objectOf(value['VendorSeverity']));
  const vendor = mergeBySource(severities, (a, b) => Number(b) > Number(a));
  if (Object.keys(vendor).length > 0) row['VendorSeverity'] = vendor;
  const cvss = mergeBySource(
    values.map((value) => objectOf(value['CVSS'])),
    (a, b) => scoreOf(b) > scoreOf(a),
  );
  if (Object.keys(cvss).length > 0) row['CVSS'] = cvss;
  const levels = values.map((value) => severityNames.findIndex((name) => name === value['Severity']));
  row['Severity'] = severityNames[Math.max(0, ...levels)];
  return row;
}

/** Of two records of one source about one vulnerability the graver one counts. */
function mergeBySource(values: readonly JsonObject[], isGraver: (a: Json, b: Json) => boolean): JsonObject {
  const out: { [source: string]: Json } = {};
  for (const value of values) {
    for (const [source, item] of Object.entries(value)) {
      const before = out[source];
      if (item !== undefined && (before === undefined || isGraver(before, item))) out[source] = item;
    }
  }
  return out;
}

function scoreOf(cvss: Json): number {
  const { V40Score, V3Score, V2Score } = objectOf(cvss);
  return Number(V40Score ?? V3Score ?? V2Score ?? 0);
}
