// Work that takes long, over HTTP: to callers that accept text/event-stream progress events with the result as the last of
// them, to others the result alone. The writing and the reading side.

import { ExportError } from '../core/errors.ts';
import type { HttpResponse } from '../registry/client/http-response.ts';
import { eventStreamMediaType } from './event-stream-media-type.ts';
import { readEvents } from './event-reader.ts';
import { eventStreamResponse } from './event-stream.ts';
import { fromProblem } from './problem.ts';
import { progressEvents } from './progress-events.ts';

export type ProgressAnswerOptions = {
  /** Longest silence of an event stream. */
  readonly heartbeatMs: number;
  /** Called once when nobody listens any more. */
  readonly onClose?: () => void;
};

/** Answers a request with what `work` gives. */
export async function answerWithProgress(
  request: Request,
  options: ProgressAnswerOptions,
  work: (onProgress: (progress: object) => void) => Promise<unknown>,
): Promise<Response> {
  const streams = (request.headers.get('accept') ?? '').includes(eventStreamMediaType);
  if (!streams) return Response.json(await work(() => {}));
  // A service that ends lets the work come to its end, as it does for every request in flight.
  return eventStreamResponse(progressEvents(work), { ...options, stopping: new AbortController().signal });
}

export type ReadAnswerOptions<Progress> = {
  readonly host: string;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** What the person can do when the connection ends before the result. */
  readonly hint: string;
};

/** The result out of a stream of events. Throws what the service threw, UNREACHABLE when the stream ends without one. */
export async function readAnswerWithProgress<Progress, Result>(
  response: HttpResponse,
  { host, onProgress, hint }: ReadAnswerOptions<Progress>,
): Promise<Result> {
  for await (const { event, data } of readEvents(response.body)) {
    if (event === 'progress') onProgress?.(JSON.parse(data) as Progress);
    if (event === 'result') return JSON.parse(data) as Result;
    if (event === 'problem') throw fromProblem(JSON.parse(data), response.status, host);
  }
  throw new ExportError('UNREACHABLE', `the connection to ${host} ended before the result`, { hint, retryable: true });
}
