// /api/v1/runs: start (Idempotency-Key), look, follow as server-sent events (resumed by Last-Event-ID), cancel.

import { z } from '@hono/zod-openapi';
import { hasRole, type Principal } from '../../access/roles.ts';
import { ExportError } from '../../core/errors.ts';
import type { RunEvent, RunRequest } from '../../runs/center.ts';
import { eventStreamMediaType } from '../event-stream-media-type.ts';
import { eventStreamResponse, type ServerEvent } from '../event-stream.ts';
import { exact } from '../exact.ts';
import { checkOrigin } from '../server-files.ts';
import { addRoute, type RouteRoom } from '../route.ts';
import { runEventSchema, runRequestSchema, runSchema, runsSchema } from '../schemas.ts';

export type RunRoutesOptions = { readonly stopping: AbortSignal; readonly heartbeatMs: number };

const idParams = z.strictObject({ id: z.string() });
const numeric = z.string().regex(/^\d{1,15}$/, 'must be a number');

export function addRunRoutes(room: RouteRoom, options: RunRoutesOptions): void {
  addStartAndList(room);
  addFollow(room, options);
  const { center } = room;
  addRoute(
    room,
    {
      method: 'get',
      path: '/api/v1/runs/{id}',
      operationId: 'showRun',
      summary: 'One run',
      scope: 'tenant',
      role: 'reader',
      params: idParams,
      answer: runSchema,
    },
    async ({ tenant, params }) => Response.json(await center.run(tenant, params.id)),
  );
  addRoute(
    room,
    {
      method: 'post',
      path: '/api/v1/runs/{id}/cancel',
      operationId: 'cancelRun',
      summary: 'Cancel a run that has not ended',
      scope: 'tenant',
      role: 'publisher',
      params: idParams,
      answer: runSchema,
    },
    async ({ tenant, params }) => Response.json(await center.cancelRun(tenant, params.id)),
  );
}

function addStartAndList(room: RouteRoom): void {
  const { center } = room;
  addRoute(
    room,
    {
      method: 'post',
      path: '/api/v1/runs',
      operationId: 'startRun',
      summary: 'Queue a run; the same Idempotency-Key finds the run that it began',
      scope: 'tenant',
      role: 'publisher',
      headers: z.object({ 'idempotency-key': z.string().min(1).max(255).optional() }),
      body: runRequestSchema,
      status: 202,
      answer: runSchema,
    },
    async ({ tenant, body, principal, request }) => {
      refuseDestination(body.to, principal);
      if (body.compare !== undefined) checkOrigin(body.compare, principal, 'body.compare');
      const record = await center.startRun(tenant, withIdempotencyKey(exact(body), request));
      const headers = { location: `/api/v1/runs/${encodeURIComponent(record.run)}` };
      return Response.json(record, { status: 202, headers });
    },
  );
  addRoute(
    room,
    {
      method: 'get',
      path: '/api/v1/runs',
      operationId: 'listRuns',
      summary: 'The newest runs',
      scope: 'tenant',
      role: 'reader',
      query: z.strictObject({ limit: numeric.optional() }),
      answer: runsSchema,
    },
    async ({ tenant, query }) => {
      const limit = query.limit === undefined ? undefined : Number(query.limit);
      return Response.json({ runs: await center.runs(tenant, limit) });
    },
  );
}

function addFollow(room: RouteRoom, options: RunRoutesOptions): void {
  const { center } = room;
  addRoute(
    room,
    {
      method: 'get',
      path: '/api/v1/runs/{id}/events',
      operationId: 'followRun',
      summary: 'Events of a run from the first, or after Last-Event-ID, until it ends',
      scope: 'tenant',
      role: 'reader',
      params: idParams,
      headers: z.object({ 'last-event-id': numeric.optional() }),
      query: z.strictObject({ after: numeric.optional() }),
      answer: runEventSchema,
      otherAnswers: { [eventStreamMediaType]: z.string() },
    },
    async ({ tenant, params, query, request }) => {
      const last = request.headers.get('last-event-id') ?? query.after ?? '0';
      if (!numeric.safeParse(last).success) throw new ExportError('INPUT_INVALID', 'last-event-id: must be a number');
      // An unknown run is an answer of its own, not an event of a stream that began well.
      await center.run(tenant, params.id);
      const gone = new AbortController();
      const events = numbered(center.runEvents(tenant, params.id, Number(last), gone.signal));
      return eventStreamResponse(events, { ...options, onClose: () => gone.abort() });
    },
  );
}

/** The service copies with its own credentials, to places that another tenant's bundles may be in. */
function refuseDestination(to: string | undefined, principal: Principal): void {
  if (to === undefined || hasRole(principal, '*', 'operator')) return;
  throw new ExportError(
    'DENIED',
    'not allowed: publishing to another registry needs role operator in the whole installation',
    {
      hint: 'run without --to and copy the bundle with oras cp -r and your own credentials',
    },
  );
}

async function* numbered(events: AsyncIterable<RunEvent>): AsyncGenerator<ServerEvent> {
  for await (const event of events) yield { event: 'run', id: event.sequence, data: event };
}

function withIdempotencyKey(body: RunRequest, request: Request): RunRequest {
  const key = request.headers.get('idempotency-key');
  if (key === null) return body;
  if (key === '' || key.length > 255) throw new ExportError('INPUT_INVALID', 'idempotency-key: 1 to 255 characters');
  if (body.idempotencyKey !== undefined && body.idempotencyKey !== key) {
    throw new ExportError('INPUT_INVALID', 'idempotency-key: header and body differ');
  }
  return { ...body, idempotencyKey: key };
}
