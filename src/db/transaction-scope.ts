// Knows whether the running code is inside a transaction, so that a write which would wait for the transaction that
// waits for it becomes an error at once, on both engines.

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
