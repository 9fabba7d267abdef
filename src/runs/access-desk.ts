// Tenants, tokens, rules and the audit of a data folder. Every change and its entry in the audit are one transaction; what
// was remembered of tokens and rules is forgotten before the answer, so that a revoked token fails at once.

import { randomBytes } from 'node:crypto';
import { isRepositoryPattern } from '../access/repository-pattern.ts';
import { isRole, roles } from '../access/roles.ts';
import { defaultTenant, tenantNameFault } from '../access/tenant-name.ts';
import { createTokenSecret, hashToken } from '../access/token-secret.ts';
import type { Clock } from '../core/clock.ts';
import { ExportError } from '../core/errors.ts';
import { addAudit, auditEntries, type AuditEntry } from '../db/audit.ts';
import type { Database, Queryable } from '../db/database.ts';
import { addTenant, allTenants, findTenant } from '../db/tenants.ts';
import { allTokens, insertToken, pullRules, putPullRule, revokeToken, tokenById, type TokenRow } from '../db/tokens.ts';
import type { AccessCenter, Actor, AuditQuery, CreatedToken, PullRuleRecord } from './access-center.ts';
import type { AuditRecord, TenantRecord, TokenRecord, TokenRequest } from './access-center.ts';
import { auditRecordOf, tokenRecordOf } from './access-records.ts';
import { expiryOf } from './token-expiry.ts';

export type AccessDeskOptions = {
  readonly db: Database;
  readonly clock: Clock;
  /** Who acts where a call does not say. */
  readonly actor: Actor;
  /** Called after every change. */
  readonly onChange: () => void;
};

const maxNameChars = 100;
const maxPatterns = 100;
const maxAuditEntries = 1_000;

export class AccessDesk implements AccessCenter {
  readonly #options: AccessDeskOptions;

  constructor(options: AccessDeskOptions) {
    this.#options = options;
  }

  async tenants(): Promise<TenantRecord[]> {
    const { db } = this.#options;
    const [rows, rules] = [await allTenants(db), await pullRules(db)];
    const named = new Map(rows.map(({ name, createdAt }) => [name, createdAt ?? '']));
    if (!named.has(defaultTenant)) named.set(defaultTenant, '');
    return [...named]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, createdAt]) => ({
        name,
        createdAt,
        rules: rules
          .filter((rule) => rule.tenant === name)
          .map(({ repository, anonymous }) => ({ repository, anonymous: anonymous === 1 })),
      }));
  }

  async addTenant(name: string, actor?: Actor): Promise<TenantRecord> {
    const fault = tenantNameFault(name);
    if (fault !== undefined) {
      const hint = 'a tenant is one path component of lower-case letters, digits and . _ - between them';
      throw new ExportError('INPUT_INVALID', fault, { hint });
    }
    const createdAt = this.#options.clock.now().toISOString();
    await this.#change({ action: 'tenant.add', tenant: name, target: name }, actor, async (tx) => {
      if (name !== defaultTenant && (await addTenant(tx, name, createdAt))) return;
      throw new ExportError('CONFLICT', `there is a tenant ${name} already`);
    });
    return { name, createdAt, rules: [] };
  }

  async setPullRule(tenant: string, rule: PullRuleRecord, actor?: Actor): Promise<TenantRecord> {
    const { repository, anonymous } = rule;
    checkPatterns([repository]);
    const action = anonymous ? 'tenant.open' : 'tenant.close';
    await this.#change({ action, tenant, target: `${tenant}/${repository}` }, actor, async (tx) => {
      await requireTenant(tx, tenant);
      await putPullRule(tx, { tenant, repository, anonymous: anonymous ? 1 : 0 });
    });
    return (await this.tenants()).find(({ name }) => name === tenant) ?? { name: tenant, createdAt: '', rules: [rule] };
  }

  async tokens(): Promise<TokenRecord[]> {
    const now = this.#options.clock.now();
    return (await allTokens(this.#options.db)).map((row) => tokenRecordOf(row, now));
  }

  async createToken(request: TokenRequest, actor?: Actor): Promise<CreatedToken> {
    checkTokenRequest(request);
    const { name, role, tenant, repositories } = request;
    const now = this.#options.clock.now();
    const expiresAt = expiryOf(request.expires, now);
    const token = createTokenSecret();
    const row: TokenRow = {
      id: `tok-${randomBytes(6).toString('hex')}`,
      name,
      tenant,
      role,
      repositories: repositories === undefined ? null : JSON.stringify(repositories),
      sha256: hashToken(token),
      createdAt: now.toISOString(),
      createdBy: actor ?? this.#options.actor,
      expiresAt: expiresAt ?? null,
      revokedAt: null,
      lastUsedAt: null,
    };
    const detail = { name, role, repositories: repositories ?? null, expiresAt: expiresAt ?? null };
    await this.#change({ action: 'token.create', tenant, target: row.id, detail }, actor, async (tx) => {
      if (tenant !== '*') await requireTenant(tx, tenant);
      await insertToken(tx, row);
    });
    return { ...tokenRecordOf(row, now), token };
  }

  async revokeToken(id: string, actor?: Actor): Promise<TokenRecord> {
    const { db, clock } = this.#options;
    const row = await tokenById(db, id);
    if (!row) {
      throw new ExportError('NOT_FOUND', `no token ${id}`, { hint: 'see `export-center token list` for the ids' });
    }
    if (row.revokedAt !== null) return tokenRecordOf(row, clock.now());
    const revokedAt = clock.now().toISOString();
    const entry = { action: 'token.revoke', tenant: row.tenant, target: id, detail: { name: row.name } };
    await this.#change(entry, actor, (tx) => revokeToken(tx, id, revokedAt));
    return tokenRecordOf({ ...row, revokedAt }, clock.now());
  }

  async audit({ limit = 50, before }: AuditQuery = {}): Promise<AuditRecord[]> {
    const count = Math.min(Math.max(1, limit), maxAuditEntries);
    return (await auditEntries(this.#options.db, count, before)).map(auditRecordOf);
  }

  /** Does `work` and writes its entry, both or neither. */
  async #change(
    entry: Omit<AuditEntry, 'actor'>,
    actor: Actor | undefined,
    work: (tx: Queryable) => Promise<unknown>,
  ): Promise<void> {
    const { db, clock, onChange } = this.#options;
    try {
      await db.transaction(async (tx) => {
        await work(tx);
        await addAudit(tx, { ...entry, actor: actor ?? this.#options.actor }, clock);
      });
    } finally {
      // Also after a failure: a commit whose answer was lost may have taken effect.
      onChange();
    }
  }
}

/** Throws NOT_FOUND unless the tenant is there; `default` always is. */
export async function requireTenant(db: Queryable, tenant: string): Promise<void> {
  if (tenant === defaultTenant || (await findTenant(db, tenant)) !== undefined) return;
  throw new ExportError('NOT_FOUND', `no tenant ${tenant}`, {
    hint: `see \`export-center tenant list\`; make it with \`export-center tenant add NAME\``,
  });
}

function checkTokenRequest({ name, role, repositories }: TokenRequest): void {
  if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(name) || name.length > maxNameChars) {
    const hint = `up to ${maxNameChars} printable ASCII characters that tell who uses it`;
    throw new ExportError('INPUT_INVALID', 'not a name for a token', { hint });
  }
  if (!isRole(role)) throw new ExportError('INPUT_INVALID', `no role ${role}`, { hint: `roles: ${roles.join(', ')}` });
  if (repositories !== undefined) checkPatterns(repositories);
}

function checkPatterns(patterns: readonly string[]): void {
  const bad = patterns.find((pattern) => !isRepositoryPattern(pattern));
  if (bad === undefined && patterns.length > 0 && patterns.length <= maxPatterns) return;
  const what = bad === undefined ? `${patterns.length} repositories` : JSON.stringify(bad);
  throw new ExportError('INPUT_INVALID', `not a repository of a tenant: ${what}`, {
    hint: 'write its name without the tenant, such as mirror, team/* or *',
  });
}
