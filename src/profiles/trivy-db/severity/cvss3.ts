// CVSS v3.0 and v3.1 (first.org/cvss/v3.1/specification-document, §7): the base score, or the environmental one where a
// vector has temporal or environmental metrics.

import { metric, metricTable, readMetrics, type Metrics } from './metrics.ts';

const required = metricTable('AV=N,A,L,P AC=L,H PR=N,L,H UI=N,R S=U,C C=N,L,H I=N,L,H A=N,L,H');
const optional = metricTable(
  'E=X,U,P,F,H RL=X,O,T,W,U RC=X,U,R,C CR=X,L,M,H IR=X,L,M,H AR=X,L,M,H ' +
    'MAV=X,N,A,L,P MAC=X,L,H MPR=X,N,L,H MUI=X,N,R MS=X,U,C MC=X,N,L,H MI=X,N,L,H MA=X,N,L,H',
);

type Weights = { readonly [value: string]: number };
const attackVector: Weights = { N: 0.85, A: 0.62, L: 0.55, P: 0.2 };
const attackComplexity: Weights = { L: 0.77, H: 0.44 };
const privileges: Weights = { N: 0.85, L: 0.62, H: 0.27 };
const privilegesChanged: Weights = { N: 0.85, L: 0.68, H: 0.5 };
const interaction: Weights = { N: 0.85, R: 0.62 };
const impact: Weights = { N: 0, L: 0.22, H: 0.56 };
const requirement: Weights = { X: 1, L: 0.5, M: 1, H: 1.5 };
const exploitCode: Weights = { X: 1, U: 0.91, P: 0.94, F: 0.97, H: 1 };
const remediation: Weights = { X: 1, O: 0.95, T: 0.96, W: 0.97, U: 1 };
const confidence: Weights = { X: 1, U: 0.92, R: 0.96, C: 1 };

/** From 0 to 10 in tenths; undefined for what is no vector of version 3. */
export function scoreV3(vector: string): number | undefined {
  const version = /^CVSS:3\.([01])\//.exec(vector)?.[1];
  if (version === undefined) return undefined;
  const metrics = readMetrics(vector, `CVSS:3.${version}/`, required, optional);
  if (metrics === undefined) return undefined;
  const roundUp = version === '0' ? roundUpV30 : roundUpV31;
  const isBase = [...optional.keys()].every((name) => metric(metrics, name) === 'X');
  return isBase ? baseScore(metrics, roundUp) : environmentalScore(metrics, version, roundUp);
}

function baseScore(metrics: Metrics, roundUp: (score: number) => number): number {
  const lost = 1 - ['C', 'I', 'A'].reduce((kept, name) => kept * (1 - weight(impact, metrics, name)), 1);
  const changed = metric(metrics, 'S') === 'C';
  const sub = changed ? 7.52 * (lost - 0.029) - 3.25 * (lost - 0.02) ** 15 : 6.42 * lost;
  if (sub <= 0) return 0;
  return roundUp(Math.min((changed ? 1.08 : 1) * (sub + exploitability(metrics, changed, '')), 10));
}

function environmentalScore(metrics: Metrics, version: string, roundUp: (score: number) => number): number {
  const modified: Metrics = Object.fromEntries(
    [...required.keys()].map((name) => {
      const value = metric(metrics, `M${name}`);
      return [`M${name}`, value === 'X' ? metric(metrics, name) : value];
    }),
  );
  const kept = ['C', 'I', 'A'].reduce(
    (share, name) => share * (1 - weight(requirement, metrics, `${name}R`) * weight(impact, modified, `M${name}`)),
    1,
  );
  const lost = Math.min(1 - kept, 0.915);
  const changed = metric(modified, 'MS') === 'C';
  const power = version === '0' ? (lost - 0.02) ** 15 : (lost * 0.9731 - 0.02) ** 13;
  const sub = changed ? 7.52 * (lost - 0.029) - 3.25 * power : 6.42 * lost;
  if (sub <= 0) return 0;
  const score = roundUp(Math.min((changed ? 1.08 : 1) * (sub + exploitability(modified, changed, 'M')), 10));
  const reported = weight(exploitCode, metrics, 'E') * weight(remediation, metrics, 'RL');
  return roundUp(score * reported * weight(confidence, metrics, 'RC'));
}

function exploitability(metrics: Metrics, changed: boolean, prefix: string): number {
  const access = weight(attackVector, metrics, `${prefix}AV`) * weight(attackComplexity, metrics, `${prefix}AC`);
  const rights = weight(changed ? privilegesChanged : privileges, metrics, `${prefix}PR`);
  return 8.22 * access * rights * weight(interaction, metrics, `${prefix}UI`);
}

function weight(weights: Weights, metrics: Metrics, name: string): number {
  return weights[metric(metrics, name)] ?? 0;
}

/** Up to the next tenth, but for what only binary fractions add. */
function roundUpV30(score: number): number {
  return Math.ceil(Math.round(score * 1e6) / 1e5) / 10;
}

/** Appendix A: in integers, so that binary fractions do not push a score up. */
function roundUpV31(score: number): number {
  const scaled = Math.round(score * 100_000);
  return scaled % 10_000 === 0 ? scaled / 100_000 : (Math.floor(scaled / 10_000) + 1) / 10;
}
