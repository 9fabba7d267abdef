// How one of Trivy's comparers reads versions: what may stand behind an operator of a constraint, and the order. Every
// expression that is exported has passed its scheme, because Trivy drops a whole finding for one it cannot parse.

/** `=` tells one version, `<` and its kin compare. */
export type BoundOperator = '=' | '>=' | '<' | '<=';

export type VersionScheme = {
  /** The version as it may stand behind `operator`, or undefined when the comparer would refuse it. */
  readonly write: (version: string, operator: BoundOperator) => string | undefined;
  /** Below, equal or above 0, for two versions that `write` accepts. */
  readonly compare: (a: string, b: string) => number;
};

/** Far above real versions; what reads them may take time that grows faster than they do. */
const mostVersionChars = 256;

/** `scheme` that accepts no version of absurd length. */
export function bounded(scheme: VersionScheme): VersionScheme {
  const { write, compare } = scheme;
  return {
    write: (version, operator) => (version.length > mostVersionChars ? undefined : write(version, operator)),
    compare,
  };
}

/** Compares two runs of decimal digits of any length by their value. */
export function compareDigits(a: string, b: string): number {
  const x = a.replace(/^0+(?=\d)/, '');
  const y = b.replace(/^0+(?=\d)/, '');
  return x.length - y.length || compareText(x, y);
}

/** Compares ASCII texts by their code units. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** True when every number of `version` fits the 64 bits that the comparers read it with. */
export function numbersFit(version: string): boolean {
  return !/\d{20}/.test(version);
}
