// Tokens of tenants, and the rules for pulls without credentials. Of a token's text only the SHA-256 is here.

import type { Queryable } from './database.ts';

export type TokenRow = {
  readonly id: string;
  readonly name: string;
  readonly tenant: string;
  readonly role: string;
  /** JSON list of patterns, or null. */
  readonly repositories: string | null;
  readonly sha256: string;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  readonly lastUsedAt: string | null;
};

export type PullRuleRow = { readonly tenant: string; readonly repository: string; readonly anonymous: number };

const columns = `id, name, tenant, role, repositories, sha256, created_at as "createdAt", created_by as "createdBy",
  expires_at as "expiresAt", revoked_at as "revokedAt", last_used_at as "lastUsedAt"`;

export type NewToken = Omit<TokenRow, 'revokedAt' | 'lastUsedAt'>;

export async function insertToken(db: Queryable, token: NewToken): Promise<void> {
  const { id, name, tenant, role, repositories, sha256, createdAt, createdBy, expiresAt } = token;
  await db.query(
    `insert into access_token (id, name, tenant, role, repositories, sha256, created_at, created_by, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [id, name, tenant, role, repositories, sha256, createdAt, createdBy, expiresAt],
  );
}

export async function tokenByHash(db: Queryable, sha256: string): Promise<TokenRow | undefined> {
  return (await db.query<TokenRow>(`select ${columns} from access_token where sha256 = $1`, [sha256]))[0];
}

export async function tokenById(db: Queryable, id: string): Promise<TokenRow | undefined> {
  return (await db.query<TokenRow>(`select ${columns} from access_token where id = $1`, [id]))[0];
}

/** By tenant, the oldest first; revoked and expired ones too. */
export function allTokens(db: Queryable): Promise<TokenRow[]> {
  return db.query<TokenRow>(`select ${columns} from access_token order by tenant, created_at, id`);
}

/** Revokes a token; false when it was revoked before or is not there. */
export async function revokeToken(db: Queryable, id: string, at: string): Promise<boolean> {
  const rows = await db.query(
    'update access_token set revoked_at = $2 where id = $1 and revoked_at is null returning id',
    [id, at],
  );
  return rows.length > 0;
}

/** Moves a token's last use on, never back. */
export async function noteTokenUse(db: Queryable, id: string, at: string): Promise<void> {
  await db.query(
    'update access_token set last_used_at = $2 where id = $1 and (last_used_at is null or last_used_at < $2)',
    [id, at],
  );
}

/** By tenant and pattern. */
export function pullRules(db: Queryable): Promise<PullRuleRow[]> {
  return db.query<PullRuleRow>('select tenant, repository, anonymous from pull_rule order by tenant, repository');
}

/** Sets the rule for a pattern of repositories of a tenant. */
export async function putPullRule(db: Queryable, { tenant, repository, anonymous }: PullRuleRow): Promise<void> {
  await db.query(
    `insert into pull_rule (tenant, repository, anonymous) values ($1, $2, $3)
     on conflict (tenant, repository) do update set anonymous = excluded.anonymous`,
    [tenant, repository, anonymous],
  );
}
