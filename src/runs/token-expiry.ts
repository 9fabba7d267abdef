// When a token ends: after a duration, at an instant, or never, where that is asked for in so many words.

import { ExportError } from '../core/errors.ts';
import { parseDuration } from './duration.ts';

const standard = 'P90D';
const instant = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?Z)?$/;

/** ISO instant of the end, undefined for `never`. Throws INPUT_INVALID for what is neither, or is past. */
export function expiryOf(text: string = standard, now: Date): string | undefined {
  if (text === 'never') return undefined;
  const afterMs = parseDuration(text);
  const time = afterMs === undefined ? (instant.test(text) ? Date.parse(text) : NaN) : now.getTime() + afterMs;
  const end = new Date(time);
  // Dates beyond the year 9999 would not sort as text any more.
  if (Number.isNaN(time) || end.getTime() <= now.getTime() || !/^\d{4}-/.test(isoOf(end))) {
    throw new ExportError('INPUT_INVALID', `not a time at which a token can end: ${text}`, {
      hint: 'write a duration such as P90D or PT12H, a future instant such as 2030-01-31, or never',
    });
  }
  return end.toISOString();
}

function isoOf(date: Date): string {
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}
