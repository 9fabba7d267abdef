// CVSS v2.0 base score (first.org/cvss/v2/guide, §3.2.1).

import { metric, metricTable, readMetrics } from './metrics.ts';

const required = metricTable('AV=L,A,N AC=H,M,L Au=M,S,N C=N,P,C I=N,P,C A=N,P,C');
const optional = metricTable(
  'E=U,POC,F,H,ND RL=OF,TF,W,U,ND RC=UC,UR,C,ND CDP=N,L,LM,MH,H,ND TD=N,L,M,H,ND CR=L,M,H,ND ' +
    'IR=L,M,H,ND AR=L,M,H,ND',
);
const weights: { readonly [metric: string]: { readonly [value: string]: number } } = {
  AV: { L: 0.395, A: 0.646, N: 1 },
  AC: { H: 0.35, M: 0.61, L: 0.71 },
  Au: { M: 0.45, S: 0.56, N: 0.704 },
};
const impacts: { readonly [value: string]: number } = { N: 0, P: 0.275, C: 0.66 };

/** From 0 to 10 in tenths; undefined for what is no vector of version 2. */
export function scoreV2(vector: string): number | undefined {
  const metrics = readMetrics(vector, '', required, optional);
  if (metrics === undefined) return undefined;
  const kept = ['C', 'I', 'A'].map((name) => 1 - (impacts[metric(metrics, name)] ?? 0));
  const impact = 10.41 * (1 - kept.reduce((product, share) => product * share, 1));
  const exploitability = ['AV', 'AC', 'Au'].reduce(
    (product, name) => product * (weights[name]?.[metric(metrics, name)] ?? 0),
    20,
  );
  const score = (0.6 * impact + 0.4 * exploitability - 1.5) * (impact === 0 ? 0 : 1.176);
  return Math.round(score * 10) / 10;
}
