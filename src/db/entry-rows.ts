// Rows of the table `entry` as the nouns of the evidence room.

import type { Entry } from '../evidence/types.ts';

export const entryColumns = 'c, k, digest, size, doc_id, ecosystems, stamp';

/** The rows that make up the state at sequence `$n`. */
export function heldAt(n: number): string {
  return `from_seq <= $${n} and (to_seq is null or to_seq > $${n})`;
}

export type EntryRow = {
  readonly c: string;
  readonly k: string;
  readonly digest: string;
  readonly size: number;
  readonly doc_id: string;
  readonly ecosystems: string;
  readonly stamp: string;
};

export function entryFromRow(row: EntryRow): Entry {
  return {
    c: row.c,
    k: row.k,
    digest: row.digest,
    id: row.doc_id,
    ecosystems: row.ecosystems === '[]' ? [] : (JSON.parse(row.ecosystems) as string[]),
    stamp: row.stamp,
  };
}
