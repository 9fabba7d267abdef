// A scope for what a whole suite shares. `after` of node:test, called inside a `before`, would run when that hook ends.

import { after } from 'node:test';
import type { Scope } from '../support/scope.ts';

/** To be called where the suite is defined; what is started in it ends after the suite. */
export function suiteScope(): Scope {
  const cleanups: (() => void | Promise<void>)[] = [];
  after(async () => {
    for (const cleanup of cleanups.toReversed()) await cleanup();
  });
  return { after: (cleanup) => void cleanups.push(cleanup) };
}
