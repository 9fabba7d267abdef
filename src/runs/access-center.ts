// Tenants, tokens, rules and the audit, as the command line and the API see them. Part of the Center; only the operator of
// the whole installation may ask for any of it.

export type Actor = string;

export type PullRuleRecord = {
  /** A repository inside the tenant, or a pattern such as `team/*` or `*`. */
  readonly repository: string;
  /** Whether everybody may pull, without credentials. */
  readonly anonymous: boolean;
};

export type TenantRecord = {
  readonly name: string;
  /** Empty for tenants that were there before anybody added them. */
  readonly createdAt: string;
  readonly rules: readonly PullRuleRecord[];
};

export type TokenRequest = {
  readonly name: string;
  readonly role: string;
  /** A tenant's name, or `*` for all. */
  readonly tenant: string;
  /** Patterns of repositories inside the tenant; absent = all of it, and the API with it. */
  readonly repositories?: readonly string[];
  /** An ISO 8601 duration from now, an instant, or `never`; 90 days by default. */
  readonly expires?: string;
};

export type TokenRecord = {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly tenant: string;
  readonly repositories?: readonly string[];
  readonly state: 'live' | 'expired' | 'revoked';
  readonly createdAt: string;
  readonly createdBy: string;
  readonly expiresAt?: string;
  readonly revokedAt?: string;
  /** To ten minutes. */
  readonly lastUsedAt?: string;
};

/** The one answer that holds the token's text. */
export type CreatedToken = TokenRecord & { readonly token: string };

export type AuditRecord = {
  readonly id: string;
  readonly at: string;
  readonly actor: Actor;
  readonly action: string;
  readonly tenant?: string;
  readonly target: string;
  readonly detail: { readonly [name: string]: unknown };
};

export type AuditQuery = { readonly limit?: number; readonly before?: string };

/** What changes something takes who asked for it; absent is who opened the Center. */
export interface AccessCenter {
  tenants(): Promise<TenantRecord[]>;
  /** Throws INPUT_INVALID for a name that cannot be one, CONFLICT for one that is taken. */
  addTenant(name: string, actor?: Actor): Promise<TenantRecord>;
  /** Opens repositories of a tenant to everybody, or closes them. Throws NOT_FOUND. */
  setPullRule(tenant: string, rule: PullRuleRecord, actor?: Actor): Promise<TenantRecord>;
  tokens(): Promise<TokenRecord[]>;
  createToken(request: TokenRequest, actor?: Actor): Promise<CreatedToken>;
  /** From now on the token opens nothing. Revoking again changes nothing. Throws NOT_FOUND. */
  revokeToken(id: string, actor?: Actor): Promise<TokenRecord>;
  /** The newest entries first. */
  audit(query?: AuditQuery): Promise<AuditRecord[]>;
}
