// An ingest that has begun and not yet ended, as its staging and its commit know it.

import type { Queryable } from './database.ts';

export type OpenIngest = {
  readonly id: string;
  readonly tenant: number;
  readonly source: string;
  readonly origin: string;
  /** The tenant's sequence when the ingest began. */
  readonly base: number;
  /** Whether the source had any document then; if another ingest brings one meanwhile, this one cannot commit. */
  readonly held: boolean;
  /** Whether the source has refusals that a document taken now may end. */
  readonly refusals: boolean;
};

export async function clearStaged(tx: Queryable, id: string): Promise<void> {
  await tx.query('delete from staged where ingest = $1', [id]);
  await tx.query('delete from staged_rejection where ingest = $1', [id]);
}
