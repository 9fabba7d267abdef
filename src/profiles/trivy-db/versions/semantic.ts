// Versions of digits with pre-release identifiers (semver.org §11), in the three forms that Trivy's comparers read: any
// number of segments (generic), three with pre-releases (npm), three with revisions (Bitnami).

import { bounded, compareDigits, compareText, numbersFit } from './scheme.ts';

type Parsed = { readonly numbers: readonly string[]; readonly identifiers: readonly string[] };

const identifiers = '[0-9A-Za-z~-]+(?:\\.[0-9A-Za-z~-]+)*';
const build = `(?:\\+${identifiers})?`;
/** A letter may follow the numbers without a hyphen; identifiers that begin with a digit need one. */
const anySegments = new RegExp(`^v?(\\d+(?:\\.\\d+)*)(?:-(${identifiers})|([A-Za-z~](?:${identifiers})?))?${build}$`);
const threeSegments =
  /^v?(\d+(?:\.\d+){0,2})(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/** Go, crates.io, Packagist, NuGet, Hex, Pub, Swift, Conan, Julia, Kubernetes. */
export const genericScheme = bounded({
  write: (version) => (anySegments.test(version) && numbersFit(version) ? version : undefined),
  compare: (a, b) => compareParsed(parse(a, anySegments), parse(b, anySegments), false),
});

export const npmScheme = bounded({
  write: writeThree,
  compare: (a, b) => compareParsed(parse(a, threeSegments), parse(b, threeSegments), false),
});

/** What follows the hyphen is a revision, which comes after the version without one. */
export const bitnamiScheme = bounded({
  write: writeThree,
  compare: (a, b) => compareParsed(parse(a, threeSegments), parse(b, threeSegments), true),
});

/** With all three segments: the comparers take a missing one for a wildcard, which OSV does not mean. */
function writeThree(version: string): string | undefined {
  const match = threeSegments.exec(version);
  if (match === null || !numbersFit(version)) return undefined;
  const numbers = match[1] ?? '';
  const missing = 3 - numbers.split('.').length;
  return missing === 0 ? version : version.replace(numbers, numbers + '.0'.repeat(missing));
}

function parse(version: string, pattern: RegExp): Parsed {
  const match = pattern.exec(version);
  const tail = match?.[2] ?? match?.[3] ?? '';
  return { numbers: (match?.[1] ?? '0').split('.'), identifiers: tail === '' ? [] : tail.split('.') };
}

function compareParsed(a: Parsed, b: Parsed, revisions: boolean): number {
  const length = Math.max(a.numbers.length, b.numbers.length);
  for (let i = 0; i < length; i++) {
    const order = compareDigits(a.numbers[i] ?? '0', b.numbers[i] ?? '0');
    if (order !== 0) return order;
  }
  if (a.identifiers.length === 0 || b.identifiers.length === 0) {
    const order = a.identifiers.length - b.identifiers.length;
    return revisions ? order : -order;
  }
  return compareIdentifiers(a.identifiers, b.identifiers);
}

function compareIdentifiers(a: readonly string[], b: readonly string[]): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const x = a[i] ?? '';
    const y = b[i] ?? '';
    const xIsNumber = /^\d+$/.test(x);
    const yIsNumber = /^\d+$/.test(y);
    if (xIsNumber !== yIsNumber) return xIsNumber ? -1 : 1;
    const order = xIsNumber ? compareDigits(x, y) : compareText(x, y);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}
