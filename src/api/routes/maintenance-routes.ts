// /api/v1 (who answers here) and /api/v1/gc.

import { addRoute, type RouteRoom } from '../route.ts';
import { garbageResultSchema, garbageSchema, greetingSchema } from '../schemas.ts';

export function addMaintenanceRoutes(room: RouteRoom, version: string): void {
  addRoute(
    room,
    {
      method: 'get',
      path: '/api/v1',
      operationId: 'greet',
      summary: 'Tells that the service is here and that the token is good',
      scope: 'tenant',
      answer: greetingSchema,
    },
    () => Promise.resolve(Response.json({ name: 'export-center', version })),
  );
  addRoute(
    room,
    {
      method: 'post',
      path: '/api/v1/gc',
      operationId: 'collectGarbage',
      summary: 'Remove blobs that nothing refers to, or only count them',
      scope: 'installation',
      body: garbageSchema,
      answer: garbageResultSchema,
    },
    async ({ body }) => Response.json(await room.center.collectGarbage(body)),
  );
}
