// Folders and servers of a benchmark, cleaned up when it ends, whatever the outcome.

import type { Scope } from '../support/scope.ts';

export async function withScope(work: (scope: Scope) => Promise<void>): Promise<void> {
  const cleanups: (() => void | Promise<void>)[] = [];
  try {
    await work({ after: (cleanup) => void cleanups.push(cleanup) });
  } finally {
    for (const cleanup of cleanups.toReversed()) await cleanup();
  }
}
