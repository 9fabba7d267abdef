// Follows a run through a service: server-sent events, taken up after the last one seen when the connection breaks.

import { toExportError } from '../core/errors.ts';
import type { RunEvent } from '../runs/center.ts';
import { eventStreamMediaType } from './event-stream-media-type.ts';
import { readEvents } from './event-reader.ts';
import { fromProblem } from './problem.ts';
import type { Remote } from './remote.ts';

export type FollowRun = {
  readonly tenant: string;
  readonly id: string;
  readonly after: number;
  readonly signal: AbortSignal | undefined;
};

/** Events after number `after`; ends with the run. Throws what the service threw, or UNREACHABLE when it stays away. */
export async function* followRun(remote: Remote, { tenant, id, after, signal }: FollowRun): AsyncGenerator<RunEvent> {
  let last = after;
  for (let failures = 0; ;) {
    const path = ['runs', id, 'events'];
    const headers = { accept: eventStreamMediaType, 'last-event-id': String(last) };
    const response = await remote.open('GET', { path, query: { tenant }, headers, signal });
    try {
      for await (const { event, data } of readEvents(response.body)) {
        if (event === 'end') return;
        if (event === 'problem') throw fromProblem(JSON.parse(data), response.status, remote.host);
        if (event !== 'run') continue;
        const runEvent = JSON.parse(data) as RunEvent;
        last = runEvent.sequence;
        failures = 0;
        yield runEvent;
      }
    } catch (thrown) {
      const error = toExportError(thrown);
      if (!error.retryable || error.code !== 'UNREACHABLE') throw error;
      if (failures >= remote.http.retries) throw error;
    }
    await remote.http.pause(failures++);
  }
}
