// Ruby gems (Gem::Version): segments of digits or letters, where letters mean a pre-release and come before digits.

import { bounded, compareDigits, compareText, numbersFit } from './scheme.ts';

const pattern = /^\d+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

export const gemScheme = bounded({
  write: (version) => (pattern.test(version) && numbersFit(version) ? version : undefined),
  compare: (a, b) => compareSegments(segmentsOf(a), segmentsOf(b)),
});

function segmentsOf(version: string): string[] {
  const segments = version.replaceAll('-', '.pre.').match(/\d+|[A-Za-z]+/g) ?? [];
  const firstText = segments.findIndex((segment) => !isNumber(segment));
  const numbers = firstText < 0 ? segments : segments.slice(0, firstText);
  const rest = firstText < 0 ? [] : segments.slice(firstText);
  return [...withoutZeros(numbers), ...withoutZeros(rest)];
}

/** Zeros at the end say nothing. */
function withoutZeros(segments: readonly string[]): string[] {
  let length = segments.length;
  while (length > 0 && /^0+$/.test(segments[length - 1] ?? '')) length--;
  return segments.slice(0, length);
}

function compareSegments(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const x = a[i] ?? '0';
    const y = b[i] ?? '0';
    const xIsNumber = isNumber(x);
    const yIsNumber = isNumber(y);
    if (xIsNumber !== yIsNumber) return xIsNumber ? 1 : -1;
    const order = xIsNumber ? compareDigits(x, y) : compareText(x, y);
    if (order !== 0) return order;
  }
  return 0;
}

function isNumber(segment: string): boolean {
  return /^\d/.test(segment);
}
