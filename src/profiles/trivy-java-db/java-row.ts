// A row of the Java database (formats.md §9): k = group, artifact, version, classifier joined by U+001F, v = the SHA-1 of
// the archives that have these coordinates, by kind of archive: `{"jar":["<40 hex>", …]}`, each list sorted.

import type { Json } from '../../core/canonical-json.ts';
import { limits } from '../../core/limits.ts';
import { rowKey } from '../database/row.ts';

/** Maven coordinates; without a classifier it is ''. */
export type Coordinates = {
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
  readonly classifier: string;
};

/** SHA-1 in lower-case hex by kind of archive, which is `jar` in all but rare cases. */
export type JavaRowValue = { readonly [archiveType: string]: readonly string[] };

export const jar = 'jar';

// oxlint-disable-next-line no-control-regex
const forbidden = /[\u0000-\u001f\u007f\ufffd]/;
const archiveTypePattern = /^[a-z][a-z0-9-]{0,19}$/;
const sha1Pattern = /^[0-9a-f]{40}$/;

export function javaRowKey({ group, artifact, version, classifier }: Coordinates): string {
  return rowKey(group, artifact, version, classifier);
}

/** What makes coordinates unfit for a key, as the end of a sentence; undefined when nothing does. */
export function coordinatesFault(coordinates: Coordinates): string | undefined {
  const { group, artifact, version, classifier } = coordinates;
  if (group === '' || artifact === '' || version === '') return 'lack group, artifact or version';
  for (const part of [group, artifact, version, classifier]) {
    if (forbidden.test(part) || !part.isWellFormed()) return 'hold a character that no key may have';
  }
  const bytes = Buffer.byteLength(group) + Buffer.byteLength(artifact) + Buffer.byteLength(version);
  return bytes + Buffer.byteLength(classifier) + 3 > limits.keyBytes ? 'are too long for a key' : undefined;
}

export function isSha1(text: string): boolean {
  return sha1Pattern.test(text);
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
