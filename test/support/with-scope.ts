// A scope outside of node:test: what is started in it ends when the work is over, whatever the outcome.

import type { Scope } from './scope.ts';

export async function withScope<Result>(work: (scope: Scope) => Promise<Result>): Promise<Result> {
  const cleanups: (() => void | Promise<void>)[] = [];
  try {
    return await work({ after: (cleanup) => void cleanups.push(cleanup) });
  } finally {
    for (const cleanup of cleanups.toReversed()) await cleanup();
  }
}
