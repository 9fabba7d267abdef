// What a running service does by itself: collects what retention and the sweep let go, a few times a day.

import { setTimeout as pause } from 'node:timers/promises';
import { toExportError, type ExportError } from '../core/errors.ts';

const minute = 60_000;

/** Not at once, because a service that was just started has better things to do. */
const firstAfterMs = 10 * minute;
const everyMs = 6 * 60 * minute;

/** Calls `collect` again and again until `signal` aborts; a failure is told and the next turn tries again. */
export async function keepHouse(
  collect: () => Promise<unknown>,
  onFailure: (error: ExportError) => void,
  signal: AbortSignal,
  timing: { readonly firstAfterMs: number; readonly everyMs: number } = { firstAfterMs, everyMs },
): Promise<void> {
  for (let waitMs = timing.firstAfterMs; await waited(waitMs, signal); waitMs = timing.everyMs) {
    await collect().catch((error: unknown) => onFailure(toExportError(error)));
  }
}

/** False when the signal came first. */
async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  await pause(ms, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}
