// Opens the Center for one command and closes it behind it.

import { ExportError } from '../core/errors.ts';
import type { Center } from '../runs/center.ts';
import type { CommandRun } from './command.ts';

/**
 * Gives `use` the Center. Ctrl-C ends the wait with CANCELLED: what a Center has begun is safe to leave (an ingest
 * becomes visible in one commit or not at all), so nothing is closed then and the process ends.
 */
export async function withCenter<T>(
  { host, settings }: CommandRun,
  use: (center: Center) => Promise<T>,
  options: { readonly queueOnly?: boolean } = {},
): Promise<T> {
  const center = await host.openCenter(settings, options);
  const result = await untilAborted(use(center), host.signal).catch(async (error: unknown) => {
    if (!host.signal.aborted) await center.close().catch(() => {});
    throw error;
  });
  await untilAborted(center.close(), host.signal);
  return result;
}

/** `work`, or CANCELLED as soon as the signal is raised. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const cancelled = Promise.withResolvers<never>();
  const onAbort = (): void => cancelled.reject(new ExportError('CANCELLED', 'cancelled'));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  // Whichever of the two loses must not count as an error that nobody caught.
  work.catch(() => {});
  cancelled.promise.catch(() => {});
  try {
    return await Promise.race([work, cancelled.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
