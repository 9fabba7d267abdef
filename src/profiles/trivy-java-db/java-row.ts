// A row of the Java database (formats.md §9): k = group, artifact, version, classifier joined by U+001F, v = the SHA-1 of
// the archives that have these coordinates, by kind of archive: `{"jar":["<40 hex>", …]}`, each list sorted.

import type { Json } from '../../core/canonical-json.ts';
import { coordinateParts, isSha1, type Coordinates } from '../../evidence/maven-coordinates.ts';
import { rowKey } from '../database/row.ts';

/** SHA-1 in lower-case hex by kind of archive, which is `jar` in all but rare cases. */
export type JavaRowValue = { readonly [archiveType: string]: readonly string[] };

export const jar = 'jar';

const archiveTypePattern = /^[a-z][a-z0-9-]{0,19}$/;

export function javaRowKey(coordinates: Coordinates): string {
  return rowKey(...coordinateParts(coordinates));
}

export function isArchiveType(text: string): boolean {
  return archiveTypePattern.test(text);
}

/** True for what may stand as v of a row: known shape, sorted, nothing twice, nothing empty. */
export function isJavaRowValue(value: Json): value is { readonly [archiveType: string]: string[] } {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false;
  const members = Object.entries(value);
  return members.length > 0 && members.every(([type, list]) => isArchiveType(type) && isSortedList(list));
}

function isSortedList(list: Json | undefined): boolean {
  if (!Array.isArray(list) || list.length === 0) return false;
  return list.every((sha1, at) => {
    if (typeof sha1 !== 'string' || !isSha1(sha1)) return false;
    return at === 0 || (list[at - 1] as string) < sha1;
  });
}
