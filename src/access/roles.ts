// Who may do what: roles, and grants that give a role in one tenant or in all (contract.md, roles reader, publisher,
// operator), or in some of a tenant's repositories. Repositories are named <tenant>/<repository>.

import { matchesPattern } from './repository-pattern.ts';

export type Role = 'reader' | 'publisher' | 'operator';

/** What can be done to a repository; the words of the distribution token scope. */
export type Action = 'pull' | 'push' | 'delete';

export type Grant = {
  readonly role: Role;
  /** A tenant's name, or `*` for all of them. */
  readonly tenant: string;
  /** Patterns of repositories inside the tenant (see repository-pattern.ts); absent = all, and the API with them. */
  readonly repositories?: readonly string[];
};

/** A caller who proved who they are. */
export type Principal = {
  readonly name: string;
  readonly grants: readonly Grant[];
  /** Of the token that they showed; absent for the operator of the data folder. */
  readonly tokenId?: string;
};

/** From the weakest to the strongest; each includes those before it. */
export const roles: readonly Role[] = ['reader', 'publisher', 'operator'];

export const actions: readonly Action[] = ['pull', 'push', 'delete'];

const actionsOf: { readonly [role in Role]: readonly Action[] } = {
  reader: ['pull'],
  publisher: ['pull', 'push'],
  operator: actions,
};

export function isRole(text: string): text is Role {
  return (roles as readonly string[]).includes(text);
}

/** The tenant that a repository belongs to: the first component of its name. */
export function tenantOf(repository: string): string {
  const slash = repository.indexOf('/');
  return slash < 0 ? repository : repository.slice(0, slash);
}

/** A repository's name inside its tenant; empty for one that has no tenant in its name. */
export function nameInTenant(repository: string): string {
  const slash = repository.indexOf('/');
  return slash < 0 ? '' : repository.slice(slash + 1);
}

/** True when one of the principal's grants covers `action` on `repository`. */
export function mayAccess(principal: Principal, repository: string, action: Action): boolean {
  const tenant = tenantOf(repository);
  const name = nameInTenant(repository);
  return principal.grants.some(
    (grant) =>
      covers(grant, tenant) &&
      (grant.repositories?.some((pattern) => matchesPattern(pattern, name)) ?? true) &&
      actionsOf[grant.role].includes(action),
  );
}

/**
 * True when the principal holds `role` in the whole of `tenant`; an operator holds every role, a publisher also reads.
 * A grant for some repositories is for these alone: it gives no role in the tenant.
 */
export function hasRole(principal: Principal, tenant: string, role: Role): boolean {
  return principal.grants.some(
    (grant) =>
      covers(grant, tenant) && grant.repositories === undefined && roles.indexOf(grant.role) >= roles.indexOf(role),
  );
}

function covers(grant: Grant, tenant: string): boolean {
  return grant.tenant === '*' || grant.tenant === tenant;
}
