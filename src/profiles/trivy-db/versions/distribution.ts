// Versions of Linux packages: Debian (deb-version(7)), RPM (rpmvercmp) and Alpine (apk-tools).

import { bounded, compareDigits, compareText, numbersFit } from './scheme.ts';

export const debScheme = bounded({
  write: (version) => (/^(?:\d{1,9}:)?\d[0-9A-Za-z.+~:_-]*$/.test(version) ? version : undefined),
  compare: compareDeb,
});

export const rpmScheme = bounded({
  write: (version) => (/^(?:\d{1,9}:)?[0-9A-Za-z][0-9A-Za-z.+~^_:-]*$/.test(version) ? version : undefined),
  compare: compareRpm,
});

const apkPattern = /^(\d+(?:\.\d+)*)([a-z]?)((?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)\d*)*)(?:-r(\d+))?$/;

export const apkScheme = bounded({
  write: (version) => (apkPattern.test(version) && numbersFit(version) ? version : undefined),
  compare: compareApk,
});

type Packaged = { readonly epoch: string; readonly version: string; readonly release: string };

/** The release follows the last hyphen of a Debian version, and the first one of an RPM. */
function packaged(text: string, hyphenOf: (version: string) => number): Packaged {
  const colon = text.indexOf(':');
  const rest = text.slice(colon + 1);
  const hyphen = hyphenOf(rest);
  return {
    epoch: colon < 0 ? '0' : text.slice(0, colon),
    version: hyphen < 0 ? rest : rest.slice(0, hyphen),
    release: hyphen < 0 ? '' : rest.slice(hyphen + 1),
  };
}

function compareDeb(a: string, b: string): number {
  const x = packaged(a, (version) => version.lastIndexOf('-'));
  const y = packaged(b, (version) => version.lastIndexOf('-'));
  return (
    compareDigits(x.epoch, y.epoch) || compareDebPart(x.version, y.version) || compareDebPart(x.release, y.release)
  );
}

/** Alternates between runs of other characters and of digits. */
function compareDebPart(a: string, b: string): number {
  const x = debRuns(a);
  const y = debRuns(b);
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    const order = i % 2 === 0 ? compareDebText(x[i] ?? '', y[i] ?? '') : compareDigits(x[i] ?? '0', y[i] ?? '0');
    if (order !== 0) return order;
  }
  return 0;
}

/** Begins with a run of other characters, be it empty. */
function debRuns(text: string): string[] {
  const runs: string[] = text.match(/\D+|\d+/g) ?? [];
  return /^\d/.test(text) ? ['', ...runs] : runs;
}

function compareDebText(a: string, b: string): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const order = debRank(a, i) - debRank(b, i);
    if (order !== 0) return order;
  }
  return 0;
}

/** A tilde before the end, the end before letters, letters before the rest. */
function debRank(text: string, at: number): number {
  const char = text[at];
  if (char === undefined) return 0;
  if (char === '~') return -1;
  const code = char.charCodeAt(0);
  return /[A-Za-z]/.test(char) ? code : code + 256;
}

function compareRpm(a: string, b: string): number {
  const x = packaged(a, (version) => version.indexOf('-'));
  const y = packaged(b, (version) => version.indexOf('-'));
  return (
    compareDigits(x.epoch, y.epoch) || compareRpmPart(x.version, y.version) || compareRpmPart(x.release, y.release)
  );
}

function compareRpmPart(a: string, b: string): number {
  const x = a.match(/[A-Za-z]+|\d+|[~^]/g) ?? [];
  const y = b.match(/[A-Za-z]+|\d+|[~^]/g) ?? [];
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    const order = compareRpmSegment(x[i], y[i]);
    if (order !== 0) return order;
  }
  return 0;
}

/** A tilde before the end, a caret after it and before every other segment; numbers after letters. */
function compareRpmSegment(a: string | undefined, b: string | undefined): number {
  const order = rpmRank(a) - rpmRank(b);
  if (order !== 0 || a === undefined || b === undefined) return order;
  return /^\d/.test(a) ? compareDigits(a, b) : compareText(a, b);
}

function rpmRank(segment: string | undefined): number {
  if (segment === undefined) return 1;
  if (segment === '~') return 0;
  if (segment === '^') return 2;
  return /^\d/.test(segment) ? 4 : 3;
}

const apkSuffixes = ['alpha', 'beta', 'pre', 'rc', '', 'cvs', 'svn', 'git', 'hg', 'p'];

function compareApk(a: string, b: string): number {
  const [, numbersA = '', letterA = '', suffixesA = '', revisionA = '0'] = apkPattern.exec(a) ?? [];
  const [, numbersB = '', letterB = '', suffixesB = '', revisionB = '0'] = apkPattern.exec(b) ?? [];
  return (
    compareApkNumbers(numbersA.split('.'), numbersB.split('.')) ||
    compareText(letterA, letterB) ||
    compareApkSuffixes(suffixesA, suffixesB) ||
    compareDigits(revisionA, revisionB)
  );
}

/** A component behind the first that begins with a zero is a fraction: it compares as text. */
function compareApkNumbers(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const x = a[i];
    const y = b[i];
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
    const isFraction = i > 0 && (x.startsWith('0') || y.startsWith('0'));
    const order = isFraction ? compareText(x, y) : compareDigits(x, y);
    if (order !== 0) return order;
  }
  return 0;
}

function compareApkSuffixes(a: string, b: string): number {
  const x = a.match(/[a-z]+\d*/g) ?? [];
  const y = b.match(/[a-z]+\d*/g) ?? [];
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    const [nameA = '', numberA = ''] = splitSuffix(x[i]);
    const [nameB = '', numberB = ''] = splitSuffix(y[i]);
    const order =
      apkSuffixes.indexOf(nameA) - apkSuffixes.indexOf(nameB) || compareDigits(numberA || '0', numberB || '0');
    if (order !== 0) return order;
  }
  return 0;
}

function splitSuffix(suffix: string | undefined): readonly string[] {
  return /^([a-z]*)(\d*)$/.exec(suffix ?? '')?.slice(1) ?? [];
}
