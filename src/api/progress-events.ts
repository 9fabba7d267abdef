// Turns work that reports progress by calling back into events: `progress` as often as somebody reads, the newest one
// only, and `result` at the end.

import type { ServerEvent } from './event-stream.ts';

/** Begins `work` at once. An error of the work is thrown out of the iterable. */
export function progressEvents(
  work: (onProgress: (progress: object) => void) => Promise<unknown>,
): AsyncIterable<ServerEvent> {
  let wake = Promise.withResolvers<void>();
  let latest: object | undefined;
  let outcome: { readonly result: unknown } | { readonly error: unknown } | undefined;
  const settle = (end: NonNullable<typeof outcome>): void => {
    outcome = end;
    wake.resolve();
  };
  work((progress) => {
    latest = progress;
    wake.resolve();
  }).then(
    (result) => settle({ result }),
    (error: unknown) => settle({ error }),
  );
  return (async function* () {
    for (;;) {
      await wake.promise;
      wake = Promise.withResolvers();
      if (latest !== undefined) yield { event: 'progress', data: latest };
      latest = undefined;
      if (outcome === undefined) continue;
      if ('error' in outcome) throw outcome.error;
      yield { event: 'result', data: outcome.result };
      return;
    }
  })();
}
