// Tenants, tokens and the audit of the made-up Center: fixed answers, and a note of what was asked by whom.

import { ExportError } from '../../src/core/errors.ts';
import type { AccessCenter, TenantRecord, TokenRecord } from '../../src/runs/access-center.ts';

const tenant: TenantRecord = {
  name: 'acme',
  createdAt: '2026-01-01T00:00:00Z',
  rules: [{ repository: 'mirror', anonymous: true }],
};

const token: TokenRecord = {
  id: 'tok-1',
  name: 'ci',
  role: 'publisher',
  tenant: 'acme',
  repositories: ['mirror', 'team/*'],
  state: 'live',
  createdAt: '2026-01-01T00:00:00Z',
  createdBy: 'operator',
  expiresAt: '2026-04-01T00:00:00Z',
  lastUsedAt: '2026-01-01T00:30:00Z',
};

/** The text that the made-up token is created with. */
export const fakeTokenText = 'xpc_made-up';

export function fakeAccess(note: (...call: unknown[]) => void): AccessCenter {
  return {
    tenants: async () => [{ name: 'default', createdAt: '', rules: [] }, tenant],
    async addTenant(name, actor) {
      note('addTenant', name, actor);
      if (name === 'default') throw new ExportError('CONFLICT', 'there is a tenant default already');
      return { ...tenant, name, rules: [] };
    },
    setPullRule: async (name, rule, actor) => (note('setPullRule', name, rule, actor), { ...tenant, rules: [rule] }),
    tokens: async () => [token, { ...token, id: 'tok-2', tenant: '*', state: 'revoked' }],
    createToken: async (request, actor) => (
      note('createToken', request, actor),
      { ...token, name: request.name, token: fakeTokenText }
    ),
    async revokeToken(id, actor) {
      note('revokeToken', id, actor);
      if (id !== 'tok-1') throw new ExportError('NOT_FOUND', `no token ${id}`);
      return { ...token, state: 'revoked', revokedAt: '2026-01-02T00:00:00Z' };
    },
    async audit(query) {
      note('audit', query);
      const entry = { id: 'a1', at: '2026-01-01T00:00:00Z', actor: 'operator', action: 'token.create' };
      return [{ ...entry, tenant: 'acme', target: 'tok-1', detail: { role: 'publisher' } }];
    },
  };
}
