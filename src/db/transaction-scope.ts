// Knows whether the running code is inside a transaction, so that a statement beside it becomes an error at once, on
// both engines: a write would wait for the transaction that waits for it, and so would a read when all connections are
// taken by transactions.

import { AsyncLocalStorage } from 'node:async_hooks';
import { ExportError } from '../core/errors.ts';

export class TransactionScope {
  readonly #inside = new AsyncLocalStorage<true>();

  run<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#inside.run(true, work);
  }

  /** Throws INTERNAL inside `run`. */
  refuseInside(): void {
    if (this.#inside.getStore() !== true) return;
    throw new ExportError('INTERNAL', 'a transaction used the database instead of its own handle');
  }
}
