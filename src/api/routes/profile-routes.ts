// /api/v1/profiles: what is exported and how; revisions are immutable.

import { z } from '@hono/zod-openapi';
import { addRoute, type RouteRoom } from '../route.ts';
import { profileSchema, revisionSchema, revisionsSchema } from '../schemas.ts';

export function addProfileRoutes(room: RouteRoom): void {
  const { center } = room;
  addRoute(
    room,
    {
      method: 'get',
      path: '/api/v1/profiles',
      operationId: 'listProfiles',
      summary: 'The newest revision of every profile',
      scope: 'tenant',
      role: 'reader',
      answer: revisionsSchema,
    },
    async ({ tenant }) => Response.json({ profiles: await center.profiles(tenant) }),
  );
  addRoute(
    room,
    {
      method: 'get',
      path: '/api/v1/profiles/{name}',
      operationId: 'showProfile',
      summary: 'All revisions of one profile',
      scope: 'tenant',
      role: 'reader',
      params: z.strictObject({ name: z.string() }),
      answer: revisionsSchema,
    },
    async ({ tenant, params }) => Response.json({ profiles: await center.profile(tenant, params.name) }),
  );
  addPut(room);
}

function addPut(room: RouteRoom): void {
  const { center } = room;
  addRoute(
    room,
    {
      method: 'post',
      path: '/api/v1/profiles',
      operationId: 'putProfile',
      summary: 'Add a revision of a profile, or find the same one',
      scope: 'tenant',
      role: 'operator',
      // Described strictly, parsed by the center: it gives the same refusal to the command line on a folder.
      body: z.unknown(),
      describedBody: profileSchema,
      answer: revisionSchema,
    },
    async ({ tenant, body, actor }) => Response.json(await center.putProfile(tenant, body, actor)),
  );
}
