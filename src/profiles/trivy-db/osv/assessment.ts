// How grave a record says its vulnerability is: what its database or vendor calls it, else what its CVSS vectors come to,
// version 4 before 3 before 2.

import type { Json } from '../../../core/canonical-json.ts';
import { scoreV2 } from '../severity/cvss2.ts';
import { scoreV3 } from '../severity/cvss3.ts';
import { scoreV4 } from '../severity/cvss4.ts';
import { severityOfScore, severityOfWord, type SeverityLevel } from '../severity/severity.ts';
import { textOf, type OsvAffected, type OsvDocument, type OsvSeverity } from './document.ts';

export type Assessment = {
  readonly severity: SeverityLevel;
  /** Vectors and scores as Trivy's `CVSS` has them; empty when the record has none that parse. */
  readonly cvss: { readonly [member: string]: Json };
  /** Vectors that do not parse. */
  readonly unreadable: number;
};

type Version = {
  readonly type: string;
  readonly member: string;
  readonly score: (vector: string) => number | undefined;
};

const versions: readonly Version[] = [
  { type: 'CVSS_V4', member: 'V40', score: scoreV4 },
  { type: 'CVSS_V3', member: 'V3', score: scoreV3 },
  { type: 'CVSS_V2', member: 'V2', score: scoreV2 },
];

/** Of what `document` says of the packages in `affected`; a severity there counts before the record's own. */
export function assess(document: OsvDocument, affected: readonly OsvAffected[]): Assessment {
  const given = [...affected.flatMap(({ severity }) => severity), ...document.severity];
  const cvss: { [member: string]: Json } = {};
  let fromScore: SeverityLevel | undefined;
  let unreadable = 0;
  for (const { type, member, score } of versions) {
    const vectors = given.filter((item) => item.type === type).map((item) => item.score);
    const scored = vectors.map((vector) => ({ vector, score: score(vector) }));
    unreadable += scored.filter((item) => item.score === undefined).length;
    const first = scored.find((item) => item.score !== undefined);
    if (first?.score === undefined) continue;
    cvss[`${member}Score`] = first.score;
    cvss[`${member}Vector`] = first.vector.replace(/\/$/, '');
    fromScore ??= severityOfScore(first.score);
  }
  const severity = severityOfWord(wordOf(document, given)) || fromScore || 0;
  return { severity, cvss, unreadable };
}

/** GitHub, Bitnami and others in their own member, Ubuntu as a severity of its own type, errata in their titles. */
function wordOf(document: OsvDocument, given: readonly OsvSeverity[]): string {
  const own = textOf(document.databaseSpecific['severity']);
  const ubuntu = given.find(({ type }) => type === 'Ubuntu')?.score ?? '';
  const title = /^(Critical|Important|Moderate|Low):/.exec(document.summary)?.[1] ?? '';
  return own || ubuntu || title;
}
