// GET /api/v1/evidence…: what is there, one document, what was refused.

import { z } from '@hono/zod-openapi';
import { addRoute, type RouteRoom } from '../route.ts';
import { documentSchema, rejectionsSchema, sourcesSchema } from '../schemas.ts';

export function addEvidenceRoutes(room: RouteRoom): void {
  const { center } = room;
  addRoute(
    room,
    {
      method: 'get',
      path: '/api/v1/evidence',
      operationId: 'listEvidence',
      summary: 'Sources with counts, age and the digest of their state',
      scope: 'tenant',
      role: 'reader',
      answer: sourcesSchema,
    },
    async ({ tenant }) => Response.json({ sources: await center.evidenceSources(tenant) }),
  );
  addRoute(
    room,
    {
      method: 'get',
      path: '/api/v1/evidence/document',
      operationId: 'showEvidence',
      summary: 'One document with its original text',
      scope: 'tenant',
      role: 'reader',
      query: z.strictObject({ source: z.string().min(1), path: z.string().min(1) }),
      answer: documentSchema,
    },
    async ({ tenant, query }) => Response.json(await center.evidenceDocument(tenant, query.source, query.path)),
  );
  addRejections(room);
}

function addRejections(room: RouteRoom): void {
  const { center } = room;
  addRoute(
    room,
    {
      method: 'get',
      path: '/api/v1/evidence/rejected',
      operationId: 'listRejectedEvidence',
      summary: 'Documents that were refused, with reasons',
      scope: 'tenant',
      role: 'reader',
      query: z.strictObject({ source: z.string().min(1).optional() }),
      answer: rejectionsSchema,
    },
    async ({ tenant, query }) => Response.json({ rejected: await center.evidenceRejections(tenant, query.source) }),
  );
}
