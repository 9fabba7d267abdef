// /api/v1/tenants, /api/v1/tokens and /api/v1/audit: who may do what, and who changed it. All of it is for the operator of
// the whole installation. A token's text is in the answer that creates it and nowhere else.

import { z } from '@hono/zod-openapi';
import { auditSchema, createdTokenSchema, newRuleSchema, newTenantSchema, newTokenSchema } from '../access-schemas.ts';
import { tenantSchema, tenantsSchema, tokenSchema, tokensSchema } from '../access-schemas.ts';
import { exact } from '../exact.ts';
import { addRoute, type RouteRoom } from '../route.ts';

const operator = { scope: 'installation', role: 'operator' } as const;

export function addAccessRoutes(room: RouteRoom): void {
  addTenantRoutes(room);
  addTokenRoutes(room);
  addAuditRoute(room);
}

function addTenantRoutes(room: RouteRoom): void {
  const { access } = room.center;
  addRoute(
    room,
    {
      method: 'get',
      path: '/api/v1/tenants',
      operationId: 'listTenants',
      summary: 'Tenants, and what everybody may pull from them',
      ...operator,
      answer: tenantsSchema,
    },
    async () => Response.json({ tenants: await access.tenants() }),
  );
  addRoute(
    room,
    {
      method: 'post',
      path: '/api/v1/tenants',
      operationId: 'addTenant',
      summary: 'Add a tenant',
      ...operator,
      body: newTenantSchema,
      answer: tenantSchema,
    },
    async ({ body, actor }) => Response.json(await access.addTenant(body.name, actor)),
  );
  addRoute(
    room,
    {
      method: 'post',
      path: '/api/v1/tenants/{name}/rules',
      operationId: 'setPullRule',
      summary: 'Open repositories of a tenant to pulls without credentials, or close them',
      ...operator,
      params: z.strictObject({ name: z.string() }),
      body: newRuleSchema,
      answer: tenantSchema,
    },
    async ({ params, body, actor }) => Response.json(await access.setPullRule(params.name, body, actor)),
  );
}

function addTokenRoutes(room: RouteRoom): void {
  const { access } = room.center;
  addRoute(
    room,
    {
      method: 'get',
      path: '/api/v1/tokens',
      operationId: 'listTokens',
      summary: 'Tokens without their texts',
      ...operator,
      answer: tokensSchema,
    },
    async () => Response.json({ tokens: await access.tokens() }),
  );
  addRoute(
    room,
    {
      method: 'post',
      path: '/api/v1/tokens',
      operationId: 'createToken',
      summary: 'Make a token; its text is shown this once',
      ...operator,
      body: newTokenSchema,
      answer: createdTokenSchema,
    },
    async ({ body, actor }) => Response.json(await access.createToken(exact(body), actor)),
  );
  addRoute(
    room,
    {
      method: 'post',
      path: '/api/v1/tokens/{id}/revoke',
      operationId: 'revokeToken',
      summary: 'Revoke a token, from now on',
      ...operator,
      params: z.strictObject({ id: z.string() }),
      answer: tokenSchema,
    },
    async ({ params, actor }) => Response.json(await access.revokeToken(params.id, actor)),
  );
}

function addAuditRoute(room: RouteRoom): void {
  addRoute(
    room,
    {
      method: 'get',
      path: '/api/v1/audit',
      operationId: 'listAudit',
      summary: 'Changes and refusals, the newest first',
      ...operator,
      query: z.strictObject({
        limit: z
          .string()
          .regex(/^[1-9]\d{0,3}$/, 'must be a number')
          .optional(),
        before: z.string().max(100).optional(),
      }),
      answer: auditSchema,
    },
    async ({ query }) => {
      const { limit, before } = exact(query);
      const asked = {
        ...(limit === undefined ? {} : { limit: Number(limit) }),
        ...(before === undefined ? {} : { before }),
      };
      return Response.json({ entries: await room.center.access.audit(asked) });
    },
  );
}
