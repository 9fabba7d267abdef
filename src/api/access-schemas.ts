// Documents about tenants, tokens and the audit. The types they stand for are those of runs/access-center.ts.

import { z } from '@hono/zod-openapi';

const text = z.string();
const name = text.min(1).max(255);

const ruleSchema = z.object({ repository: text, anonymous: z.boolean() });

export const tenantSchema = z.object({ name: text, createdAt: text, rules: z.array(ruleSchema) }).openapi('Tenant');

export const tenantsSchema = z.object({ tenants: z.array(tenantSchema) });

export const newTenantSchema = z.strictObject({ name }).openapi('NewTenant');

export const newRuleSchema = z.strictObject({ repository: name, anonymous: z.boolean() }).openapi('PullRule');

export const newTokenSchema = z
  .strictObject({
    name,
    role: z.enum(['reader', 'publisher', 'operator']),
    tenant: name.openapi({ description: 'a tenant, or * for all of them' }),
    repositories: z.array(name).min(1).max(100).optional(),
    expires: text.max(64).optional().openapi({ description: 'a duration such as P90D, an instant, or never' }),
  })
  .openapi('NewToken');

export const tokenSchema = z
  .object({
    id: text,
    name: text,
    role: text,
    tenant: text,
    repositories: z.array(text).optional(),
    state: z.enum(['live', 'expired', 'revoked']),
    createdAt: text,
    createdBy: text,
    expiresAt: text.optional(),
    revokedAt: text.optional(),
    lastUsedAt: text.optional(),
  })
  .openapi('Token');

export const createdTokenSchema = z.object({ ...tokenSchema.shape, token: text }).openapi('CreatedToken');

export const tokensSchema = z.object({ tokens: z.array(tokenSchema) });

export const auditSchema = z.object({
  entries: z.array(
    z
      .object({
        id: text,
        at: text,
        actor: text,
        action: text,
        tenant: text.optional(),
        target: text,
        detail: z.record(text, z.unknown()),
      })
      .openapi('AuditEntry'),
  ),
});
