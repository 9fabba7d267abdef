// Rows of tokens and of the audit as the Center shows them: without the hash, with what holds now.

import type { AuditRow } from '../db/audit.ts';
import type { TokenRow } from '../db/tokens.ts';
import type { AuditRecord, TokenRecord } from './access-center.ts';

export function tokenRecordOf(row: TokenRow, now: Date): TokenRecord {
  const { id, name, role, tenant, repositories, createdAt, createdBy, expiresAt, revokedAt, lastUsedAt } = row;
  return {
    id,
    name,
    role,
    tenant,
    ...(repositories === null ? {} : { repositories: JSON.parse(repositories) as string[] }),
    state: stateOf(row, now),
    createdAt,
    createdBy,
    ...(expiresAt === null ? {} : { expiresAt }),
    ...(revokedAt === null ? {} : { revokedAt }),
    ...(lastUsedAt === null ? {} : { lastUsedAt }),
  };
}

function stateOf({ expiresAt, revokedAt }: TokenRow, now: Date): TokenRecord['state'] {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && Date.parse(expiresAt) <= now.getTime() ? 'expired' : 'live';
}

export function auditRecordOf({ tenant, detail, ...row }: AuditRow): AuditRecord {
  const parsed = JSON.parse(detail) as AuditRecord['detail'];
  return { ...row, ...(tenant === null ? {} : { tenant }), detail: parsed };
}
