// /api/v1 (who answers here, and to whom), /api/v1/gc and /api/v1/scrub.

import { z } from '@hono/zod-openapi';
import { eventStreamMediaType } from '../event-stream-media-type.ts';
import { exact } from '../exact.ts';
import { answerWithProgress } from '../progress-answer.ts';
import { addRoute, type RouteRoom } from '../route.ts';
import { garbageResultSchema, garbageSchema, greetingSchema, scrubReportSchema, scrubSchema } from '../schemas.ts';

export type MaintenanceRoutesOptions = { readonly version: string; readonly heartbeatMs: number };

export function addMaintenanceRoutes(room: RouteRoom, { version, heartbeatMs }: MaintenanceRoutesOptions): void {
  addRoute(
    room,
    {
      method: 'get',
      path: '/api/v1',
      operationId: 'greet',
      summary: 'Tells that the service is here and that the token is good',
      scope: 'installation',
      role: 'any',
      answer: greetingSchema,
    },
    ({ principal }) => {
      const { name, grants } = principal;
      return Promise.resolve(Response.json({ name: 'export-center', version, principal: { name, grants } }));
    },
  );
  addRoute(
    room,
    {
      method: 'post',
      path: '/api/v1/gc',
      operationId: 'collectGarbage',
      summary: 'Remove blobs that nothing refers to, or only count them',
      scope: 'installation',
      role: 'operator',
      body: garbageSchema,
      answer: garbageResultSchema,
    },
    async ({ body }) => Response.json(await room.center.collectGarbage(body)),
  );
  addScrub(room, heartbeatMs);
}

function addScrub({ center, ...room }: RouteRoom, heartbeatMs: number): void {
  addRoute(
    { center, ...room },
    {
      method: 'post',
      path: '/api/v1/scrub',
      operationId: 'scrub',
      summary: 'Hash all content anew and take aside what is wrong; ends when the caller goes away',
      scope: 'installation',
      role: 'operator',
      body: scrubSchema,
      answer: scrubReportSchema,
      otherAnswers: { [eventStreamMediaType]: z.string() },
    },
    ({ body, request }) => {
      const gone = new AbortController();
      const options = { heartbeatMs, onClose: () => gone.abort() };
      const signal = AbortSignal.any([gone.signal, request.signal]);
      return answerWithProgress(request, options, (onProgress) => center.scrub({ ...exact(body), signal }, onProgress));
    },
  );
}
