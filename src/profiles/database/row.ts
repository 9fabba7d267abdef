// The rows of a database that is a sorted state (formats.md §15): what a Trivy database consists of, whatever file it is
// written as, and what sources have to say about them.

import type { Json } from '../../core/canonical-json.ts';

/** One row: a key of parts joined by U+001F, in bytewise order, and the bytes of its canonical JSON value. */
export type DatabaseRow = { readonly k: string; readonly v: Buffer };

/** What one source says of one row. Where several differ, the higher rank wins; overlays have rank 0, own evidence more. */
export type Contribution = { readonly k: string; readonly rank: number; readonly v: Json };

/** A contribution with the SOURCE that it came from, which is what origins are counted by. */
export type SourcedContribution = Contribution & { readonly source: string };

/**
 * One row out of all that is said of it, in rising order of rank, then of source and value; undefined leaves it out.
 * Pure, and a function of its arguments alone: the same evidence gives the same bytes.
 */
export type CombineRow = (k: string, parts: readonly SourcedContribution[]) => Json | undefined;

/** Told by converters of what does not become rows; `code` is one of few words, counted in the export manifest. */
export type LeaveOut = (code: string, count?: number) => void;

/** Rank of what comes out of a database that somebody else made. */
export const overlayRank = 0;

const separator = '\u001f';

export function rowKey(...parts: readonly string[]): string {
  return parts.join(separator);
}

export function keyParts(k: string): string[] {
  return k.split(separator);
}
