// Tenants, tokens and the audit of a service elsewhere. Who acts is decided there, by the token that was sent.

import type { AccessCenter, AuditRecord, CreatedToken, TenantRecord, TokenRecord } from '../runs/access-center.ts';
import type { Remote } from './remote.ts';

export function remoteAccess(remote: Remote): AccessCenter {
  return {
    async tenants() {
      return (await remote.get<{ tenants: TenantRecord[] }>({ path: ['tenants'] })).tenants;
    },
    addTenant: (name) => remote.post<TenantRecord>({ path: ['tenants'], json: { name } }),
    setPullRule: (tenant, rule) =>
      remote.post<TenantRecord>({ path: ['tenants', tenant, 'rules'], json: rule, repeatable: true }),
    async tokens() {
      return (await remote.get<{ tokens: TokenRecord[] }>({ path: ['tokens'] })).tokens;
    },
    createToken: (request) => remote.post<CreatedToken>({ path: ['tokens'], json: request }),
    revokeToken: (id) => remote.post<TokenRecord>({ path: ['tokens', id, 'revoke'], repeatable: true }),
    async audit({ limit, before } = {}) {
      const query = { limit: limit === undefined ? undefined : String(limit), before };
      return (await remote.get<{ entries: AuditRecord[] }>({ path: ['audit'], query })).entries;
    },
  };
}
