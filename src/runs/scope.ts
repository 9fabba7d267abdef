// Scope selectors: which entries of the evidence belong to a profile's state. Pure; windows are absolute, or relative
// to the state's own `created`, never to the clock.

import { formatSeconds } from '../core/clock.ts';
import { ExportError } from '../core/errors.ts';
import type { Entry } from '../evidence/types.ts';
import type { ProfileScope } from './center.ts';
import { parseDuration } from './duration.ts';

/** A profile's scope, and the formats that its kind takes in; absent = all. */
export type EvidenceScope = ProfileScope & { readonly formats?: readonly string[] };

export type Filter = (entry: Entry) => boolean;

const members = new Set(['sources', 'ecosystems', 'ids', 'advised', 'window']);
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** Checks a scope; throws INPUT_INVALID that names the selector and the rule. */
export function parseScope(value: unknown): ProfileScope {
  const fields = objectOf(value, 'scope');
  for (const member of Object.keys(fields)) if (!members.has(member)) throw refused(`${member} is not a selector`);
  return {
    ...listOf(fields, 'sources'),
    ...listOf(fields, 'ecosystems'),
    ...listOf(fields, 'ids'),
    ...(fields['advised'] === undefined ? {} : { advised: parseAdvised(fields['advised']) }),
    ...(fields['window'] === undefined ? {} : { window: parseWindow(fields['window']) }),
  };
}

function listOf(fields: Record<string, unknown>, name: string): { readonly [name: string]: string[] } {
  const list = fields[name];
  if (list === undefined) return {};
  if (!Array.isArray(list) || list.length === 0 || !list.every((item) => typeof item === 'string' && item !== '')) {
    throw refused(`${name} must be a list of at least one text`);
  }
  return { [name]: list as string[] };
}

/** The whole database is said by leaving it out, so that one scope has one form. */
function parseAdvised(value: unknown): true {
  if (value === true) return value;
  throw refused('advised must be true, or left out');
}

function parseWindow(value: unknown): NonNullable<ProfileScope['window']> {
  const { from, to, last, ...more } = objectOf(value, 'window');
  const [unknown] = Object.keys(more);
  if (unknown !== undefined) throw refused(`window.${unknown} is not known`);
  for (const bound of [from, to]) {
    if (bound !== undefined && (typeof bound !== 'string' || !instant.test(bound))) {
      throw refused('window.from and window.to must be instants such as 2026-07-15T00:00:00Z');
    }
  }
  if (last !== undefined && (typeof last !== 'string' || parseDuration(last) === undefined)) {
    throw refused('window.last must be an ISO 8601 duration such as P30D');
  }
  if (last !== undefined && (from !== undefined || to !== undefined)) {
    throw refused('window.last does not go with from or to');
  }
  return value as NonNullable<ProfileScope['window']>;
}

/** Whether the scope's members change with `created` alone, so that nothing can be planned from changes only. */
export function isRelative(scope: ProfileScope): boolean {
  return scope.window?.last !== undefined;
}

/** Everything but a relative window, which needs the state's `created` first. */
export function fixedFilter(scope: EvidenceScope): Filter {
  const formats = scope.formats && new Set(scope.formats);
  const sources = scope.sources?.map((source) => `/${source}/`);
  const ecosystems = scope.ecosystems && new Set(scope.ecosystems);
  const ids = scope.ids && new Set(scope.ids);
  const { from = '', to = '' } = scope.window ?? {};
  return (entry) => {
    if (formats && !formats.has(entry.c.slice(0, entry.c.indexOf('/')))) return false;
    if (sources && !sources.some((source) => `${entry.c.slice(entry.c.indexOf('/'))}/`.startsWith(source)))
      return false;
    if (ecosystems && !entry.ecosystems.some((ecosystem) => ecosystems.has(ecosystem))) return false;
    if (ids && !ids.has(entry.id)) return false;
    if (from !== '' && (entry.stamp === '' || entry.stamp < from)) return false;
    return to === '' || (entry.stamp !== '' && entry.stamp <= to);
  };
}

/** The whole scope, given the state's `created`. */
export function scopeFilter(scope: EvidenceScope, created: string): Filter {
  const fixed = fixedFilter(scope);
  const lastMs = scope.window?.last === undefined ? undefined : parseDuration(scope.window.last);
  if (lastMs === undefined) return fixed;
  const oldest = formatSeconds(new Date(Math.max(0, Date.parse(created) - lastMs)));
  return (entry) => fixed(entry) && entry.stamp !== '' && entry.stamp >= oldest;
}

function objectOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw refused(`${name} is not an object`);
}

function refused(what: string): ExportError {
  return new ExportError('INPUT_INVALID', `scope refused: ${what}`);
}
