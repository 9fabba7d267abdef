// Counts what did not become rows, by its reason: `leftOut` of the export manifest.

import type { HeadFields } from '../../profiles/sharded/documents.ts';
import type { LeaveOut } from '../../profiles/database/row.ts';

export class LeftOutCounts {
  readonly #counts = new Map<string, number>();

  readonly add: LeaveOut = (code, count = 1) => {
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + count);
  };

  /** Sorted by code. */
  rows(): HeadFields['leftOut'] {
    return [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([code, count]) => ({ code, count }));
  }
}
