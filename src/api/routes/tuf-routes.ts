// /api/v1/tuf: who signs the TUF repositories, drafts for the holders of offline keys, and kits. All of it is for the
// operator of the whole installation; the files themselves are served below /tuf.

import { z } from '@hono/zod-openapi';
import { exact } from '../exact.ts';
import { addRoute, type RouteRoom } from '../route.ts';
import {
  draftSchema,
  kitSchema,
  newDraftSchema,
  publishSchema,
  repositoryQuery,
  tufSummarySchema,
} from '../tuf-schemas.ts';

const operator = { scope: 'installation', role: 'operator' } as const;

export function addTufRoutes(room: RouteRoom): void {
  addRepositoryRoutes(room);
  addCeremonyRoutes(room);
}

function addRepositoryRoutes(room: RouteRoom): void {
  const { tuf } = room.center;
  addRoute(
    room,
    {
      method: 'get',
      path: '/api/v1/tuf',
      operationId: 'showTuf',
      summary: 'Roles of a TUF repository: keys, thresholds, versions, expiries',
      ...operator,
      query: repositoryQuery,
      answer: tufSummarySchema,
    },
    async ({ query }) => Response.json(await tuf.show(query.repository)),
  );
  addRoute(
    room,
    {
      method: 'post',
      path: '/api/v1/tuf/init',
      operationId: 'initTuf',
      summary: 'Make a TUF repository unless it is there',
      ...operator,
      query: repositoryQuery,
      answer: tufSummarySchema,
    },
    async ({ query, actor }) => Response.json(await tuf.init(query.repository, actor)),
  );
  addRoute(
    room,
    {
      method: 'post',
      path: '/api/v1/tuf/kit',
      operationId: 'makeTufKit',
      summary: 'A TUF repository for the far side of a gap, as files',
      ...operator,
      query: z.strictObject({ repository: z.string().max(130) }),
      answer: kitSchema,
    },
    async ({ query, actor }) => Response.json(await tuf.kit(query.repository, actor)),
  );
}

function addCeremonyRoutes(room: RouteRoom): void {
  const { tuf } = room.center;
  addRoute(
    room,
    {
      method: 'post',
      path: '/api/v1/tuf/draft',
      operationId: 'draftTuf',
      summary: 'The next version of root or targets, unsigned',
      ...operator,
      query: repositoryQuery,
      body: newDraftSchema,
      answer: draftSchema,
    },
    async ({ query, body, actor }) => Response.json({ draft: await tuf.draft(query.repository, body, actor) }),
  );
  addRoute(
    room,
    {
      method: 'post',
      path: '/api/v1/tuf/publish',
      operationId: 'publishTuf',
      summary: 'Publish a draft that is signed, or what is due without one',
      ...operator,
      query: repositoryQuery,
      body: publishSchema,
      answer: tufSummarySchema,
    },
    async ({ query, body, actor }) => {
      const { draft } = exact(body);
      return Response.json(await tuf.publish(query.repository, draft, actor));
    },
  );
}
