// Transactions that may be done twice with the result of one. When a connection breaks under a commit nobody knows
// whether it took effect; a work that is written for it is simply done again.

import { ExportError } from '../core/errors.ts';
import type { Database, Queryable } from './database.ts';

/** Runs `work` in a transaction, and once more when the answer to its commit was lost. */
export async function repeatableTransaction<Result>(
  db: Database,
  work: (tx: Queryable) => Promise<Result>,
): Promise<Result> {
  try {
    return await db.transaction(work);
  } catch (error) {
    if (!(error instanceof ExportError && error.code === 'DATABASE_UNAVAILABLE' && error.retryable)) throw error;
    return db.transaction(work);
  }
}
