// Maven coordinates of an archive, and what of them may stand in a key (formats.md §1).

import { limits } from '../core/limits.ts';

/** Without a classifier it is ''. */
export type Coordinates = {
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
  readonly classifier: string;
};

/** U+001F joins the parts of a key, and U+FFFD stands for bytes that nobody could read. */
// oxlint-disable-next-line no-control-regex
const forbidden = /[\u0000-\u001f\u007f\ufffd]/;
const sha1Pattern = /^[0-9a-f]{40}$/;

export function coordinateParts({ group, artifact, version, classifier }: Coordinates): string[] {
  return [group, artifact, version, classifier];
}

/** What makes coordinates unfit for a key, as the end of a sentence; undefined when nothing does. */
export function coordinatesFault(coordinates: Coordinates): string | undefined {
  const { group, artifact, version } = coordinates;
  if (group === '' || artifact === '' || version === '') return 'lack group, artifact or version';
  const parts = coordinateParts(coordinates);
  if (parts.some((part) => forbidden.test(part) || !part.isWellFormed()))
    return 'hold a character that no key may have';
  const bytes = parts.reduce((sum, part) => sum + Buffer.byteLength(part), parts.length - 1);
  return bytes > limits.keyBytes ? 'are too long for a key' : undefined;
}

/** SHA-1 as 40 lower-case hex digits. */
export function isSha1(text: string): boolean {
  return sha1Pattern.test(text);
}
