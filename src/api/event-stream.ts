// Server-sent events (WHATWG HTML §9.2), the writing side: numbered events, a comment as heartbeat while nothing
// happens, and `end` or `problem` as the last event, so that a client can tell an end from a broken connection.

import { toExportError } from '../core/errors.ts';
import { eventStreamMediaType } from './event-stream-media-type.ts';
import { toProblem } from './problem.ts';

export type ServerEvent = { readonly event: string; readonly id?: number; readonly data: unknown };

export type EventStreamOptions = {
  /** Longest silence; proxies cut connections that are silent for a minute. */
  readonly heartbeatMs: number;
  /** The service is about to end: the stream is cut without a last event, and clients come back. */
  readonly stopping: AbortSignal;
  /** Called once when nobody listens any more. */
  readonly onClose?: () => void;
};

/** An answer that writes `events` as they come. */
export function eventStreamResponse(events: AsyncIterable<ServerEvent>, options: EventStreamOptions): Response {
  const chunks = writeEvents(events, options);
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(Buffer.from(value, 'utf8'));
    },
    async cancel() {
      options.onClose?.();
      await chunks.return(undefined);
    },
  });
  const headers = {
    'content-type': `${eventStreamMediaType}; charset=utf-8`,
    'cache-control': 'no-store',
    // Asks nginx not to collect what should arrive at once.
    'x-accel-buffering': 'no',
  };
  return new Response(body, { headers });
}

async function* writeEvents(
  events: AsyncIterable<ServerEvent>,
  { heartbeatMs, stopping, onClose }: EventStreamOptions,
): AsyncGenerator<string, void, undefined> {
  const iterator = events[Symbol.asyncIterator]();
  const stopped = whenAborted(stopping);
  // Something to read at once, so that the head is sent and the client knows that it is connected.
  yield ': connected\n\n';
  try {
    let next = iterator.next();
    next.catch(() => {});
    while (!stopping.aborted) {
      const first = await within<IteratorResult<ServerEvent> | 'stopped'>(heartbeatMs, [next, stopped.promise]);
      if (first === 'stopped') break;
      if (first === 'silence') {
        yield ': still here\n\n';
        continue;
      }
      yield formatEvent(first.done ? { event: 'end', data: {} } : first.value);
      if (first.done) break;
      next = iterator.next();
      next.catch(() => {});
    }
  } catch (thrown) {
    yield formatEvent({ event: 'problem', data: toProblem(toExportError(thrown)) });
  } finally {
    stopped.forget();
    onClose?.();
    // Not awaited: an iterator that waits for its next event ends only through the signal that onClose raises.
    iterator.return?.().catch(() => {});
  }
}

export function formatEvent({ event, id, data }: ServerEvent): string {
  // JSON has no line ends of its own, so one data line is enough.
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

function whenAborted(signal: AbortSignal): { promise: Promise<'stopped'>; forget: () => void } {
  const { promise, resolve } = Promise.withResolvers<'stopped'>();
  const listener = (): void => resolve('stopped');
  if (signal.aborted) listener();
  signal.addEventListener('abort', listener, { once: true });
  return { promise, forget: () => signal.removeEventListener('abort', listener) };
}

/** The first of `promises`, or `silence` when none of them came in time. */
async function within<T>(ms: number, promises: readonly Promise<T>[]): Promise<T | 'silence'> {
  const silence = Promise.withResolvers<'silence'>();
  const timer = setTimeout(() => silence.resolve('silence'), ms);
  try {
    return await Promise.race<T | 'silence'>([...promises, silence.promise]);
  } finally {
    clearTimeout(timer);
  }
}
