// CVSS v4.0 (first.org/cvss/v4.0/specification-document, §8): the score of a vector's macro vector, less what the vector
// lies below the macro vector's highest, in shares of the distance to the next lower one.

import { cvss4Scores } from './cvss4-scores.ts';
import { metric, metricTable, readMetrics, type Metrics } from './metrics.ts';

const required = metricTable(
  'AV=N,A,L,P AC=L,H AT=N,P PR=N,L,H UI=N,P,A VC=H,L,N VI=H,L,N VA=H,L,N SC=H,L,N SI=H,L,N SA=H,L,N',
);
const optional = metricTable(
  'E=X,A,P,U CR=X,H,M,L IR=X,H,M,L AR=X,H,M,L MAV=X,N,A,L,P MAC=X,L,H MAT=X,N,P MPR=X,N,L,H MUI=X,N,P,A ' +
    'MVC=X,H,L,N MVI=X,H,L,N MVA=X,H,L,N MSC=X,H,L,N MSI=X,S,H,L,N MSA=X,S,H,L,N S=X,N,P AU=X,N,Y ' +
    'R=X,A,U,I V=X,D,C RE=X,L,M,H U=X,Clear,Green,Amber,Red',
);

/** Values of the metrics that count, the gravest first; the step from one to the next is one. */
const steps = metricTable(
  'AV=N,A,L,P PR=N,L,H UI=N,P,A AC=L,H AT=N,P VC=H,L,N VI=H,L,N VA=H,L,N SC=S,H,L,N SI=S,H,L,N SA=S,H,L,N CR=H,M,L IR=H,M,L AR=H,M,L',
);

/** Highest vectors of each level of the equivalence classes (table 24 ff.), and how deep the level is. */
type Level = { readonly depth: number; readonly highest: readonly string[] };
const attack: readonly Level[] = [
  { depth: 1, highest: ['AV:N/PR:N/UI:N'] },
  { depth: 4, highest: ['AV:A/PR:N/UI:N', 'AV:N/PR:L/UI:N', 'AV:N/PR:N/UI:P'] },
  { depth: 5, highest: ['AV:P/PR:N/UI:N', 'AV:A/PR:L/UI:P'] },
];
const complexity: readonly Level[] = [
  { depth: 1, highest: ['AC:L/AT:N'] },
  { depth: 2, highest: ['AC:H/AT:N', 'AC:L/AT:P'] },
];
const subsequent: readonly Level[] = [
  { depth: 6, highest: ['SC:H/SI:S/SA:S'] },
  { depth: 5, highest: ['SC:H/SI:H/SA:H'] },
  { depth: 4, highest: ['SC:L/SI:L/SA:L'] },
];
/** By the levels of impact and of requirements. */
const impact: { readonly [levels: string]: Level } = {
  '00': { depth: 7, highest: ['VC:H/VI:H/VA:H/CR:H/IR:H/AR:H'] },
  '01': { depth: 6, highest: ['VC:H/VI:H/VA:L/CR:M/IR:M/AR:H', 'VC:H/VI:H/VA:H/CR:M/IR:M/AR:M'] },
  '10': { depth: 8, highest: ['VC:L/VI:H/VA:H/CR:H/IR:H/AR:H', 'VC:H/VI:L/VA:H/CR:H/IR:H/AR:H'] },
  '11': {
    depth: 8,
    highest: [
      'VC:L/VI:H/VA:L/CR:H/IR:M/AR:H',
      'VC:L/VI:H/VA:H/CR:H/IR:M/AR:M',
      'VC:H/VI:L/VA:H/CR:M/IR:H/AR:M',
      'VC:H/VI:L/VA:L/CR:M/IR:H/AR:H',
      'VC:L/VI:L/VA:H/CR:H/IR:H/AR:M',
    ],
  },
  '21': { depth: 10, highest: ['VC:L/VI:L/VA:L/CR:H/IR:H/AR:H'] },
};

type MacroVector = readonly [eq1: number, eq2: number, eq3: number, eq4: number, eq5: number, eq6: number];

/** From 0 to 10 in tenths; undefined for what is no vector of version 4. */
export function scoreV4(vector: string): number | undefined {
  const read = readMetrics(vector, 'CVSS:4.0/', required, optional);
  if (read === undefined) return undefined;
  const metrics = effective(read);
  const impacts = ['VC', 'VI', 'VA', 'SC', 'SI', 'SA'];
  if (impacts.every((name) => metric(metrics, name) === 'N')) return 0;
  const macro = macroVectorOf(metrics);
  const score = scoreOf(macro) ?? 0;
  const shares = lowerOf(macro).map(({ below, level }) => {
    const most = below === undefined ? undefined : score - below;
    return most === undefined ? undefined : most * (distance(metrics, level) / level.depth);
  });
  const counted = shares.filter((share) => share !== undefined);
  const mean = counted.length === 0 ? 0 : counted.reduce((sum, share) => sum + share, 0) / counted.length;
  // In integers first: halves that binary fractions push below would round down.
  return Math.round(Math.round(Math.min(Math.max(score - mean, 0), 10) * 1e6) / 1e5) / 10;
}

/** Modified metrics over the base ones; what is not defined counts as the gravest. */
function effective(read: Metrics): Metrics {
  const metrics: { [metric: string]: string } = {};
  for (const name of required.keys()) {
    const modified = metric(read, `M${name}`);
    metrics[name] = modified === 'X' ? metric(read, name) : modified;
  }
  for (const name of ['CR', 'IR', 'AR']) metrics[name] = metric(read, name) === 'X' ? 'H' : metric(read, name);
  metrics['E'] = metric(read, 'E') === 'X' ? 'A' : metric(read, 'E');
  return metrics;
}

function macroVectorOf(metrics: Metrics): MacroVector {
  const is = (name: string, value: string) => metric(metrics, name) === value;
  const open = [is('AV', 'N'), is('PR', 'N'), is('UI', 'N')];
  const eq1 = open.every(Boolean) ? 0 : open.some(Boolean) && !is('AV', 'P') ? 1 : 2;
  const eq2 = is('AC', 'L') && is('AT', 'N') ? 0 : 1;
  const eq3 = is('VC', 'H') && is('VI', 'H') ? 0 : is('VC', 'H') || is('VI', 'H') || is('VA', 'H') ? 1 : 2;
  const high = is('SC', 'H') || is('SI', 'H') || is('SA', 'H');
  const eq4 = is('SI', 'S') || is('SA', 'S') ? 0 : high ? 1 : 2;
  const eq5 = 'APU'.indexOf(metric(metrics, 'E'));
  const wanted = ['C', 'I', 'A'].some((kind) => is(`${kind}R`, 'H') && is(`V${kind}`, 'H'));
  return [eq1, eq2, eq3, eq4, eq5, wanted ? 0 : 1];
}

function scoreOf(macro: MacroVector): number | undefined {
  return cvss4Scores.get(macro.join(''));
}

/** For each class: the score of the next lower macro vector, undefined when there is none, and the vector's level. */
function lowerOf(macro: MacroVector): { below: number | undefined; level: Level }[] {
  const [eq1, eq2, eq3, eq4, eq5, eq6] = macro;
  const flat: Level = { depth: 1, highest: [''] };
  return [
    { below: scoreOf([eq1 + 1, eq2, eq3, eq4, eq5, eq6]), level: attack[eq1] ?? flat },
    { below: scoreOf([eq1, eq2 + 1, eq3, eq4, eq5, eq6]), level: complexity[eq2] ?? flat },
    { below: lowerImpact(macro), level: impact[`${eq3}${eq6}`] ?? flat },
    { below: scoreOf([eq1, eq2, eq3, eq4 + 1, eq5, eq6]), level: subsequent[eq4] ?? flat },
    { below: scoreOf([eq1, eq2, eq3, eq4, eq5 + 1, eq6]), level: flat },
  ];
}

/** Impact and requirements go down together; from the top there are two ways, of which the higher counts. */
function lowerImpact([eq1, eq2, eq3, eq4, eq5, eq6]: MacroVector): number | undefined {
  const lessImpact = scoreOf([eq1, eq2, eq3 + 1, eq4, eq5, eq6]);
  const lessRequired = scoreOf([eq1, eq2, eq3, eq4, eq5, eq6 + 1]);
  if (eq6 === 1) return lessImpact;
  return eq3 === 0 ? Math.max(lessImpact ?? 0, lessRequired ?? 0) : lessRequired;
}

/** Steps down from the highest vector of the level that is nowhere below `metrics`. */
function distance(metrics: Metrics, level: Level): number {
  for (const highest of level.highest) {
    const parts = highest.split('/').filter((part) => part !== '');
    const down = parts.map((part) => {
      const [name = '', value = ''] = part.split(':');
      const scale = steps.get(name) ?? [];
      return scale.indexOf(metric(metrics, name)) - scale.indexOf(value);
    });
    if (down.every((count) => count >= 0)) return down.reduce((sum, count) => sum + count, 0);
  }
  return 0;
}
