// Who may do what: roles, and grants that give a role in one tenant or in all (contract.md, roles reader, publisher,
// operator). Repositories are named <tenant>/<repository>.

export type Role = 'reader' | 'publisher' | 'operator';

/** What can be done to a repository; the words of the distribution token scope. */
export type Action = 'pull' | 'push' | 'delete';

export type Grant = {
  readonly role: Role;
  /** A tenant's name, or `*` for all of them. */
  readonly tenant: string;
};

/** A caller who proved who they are. */
export type Principal = { readonly name: string; readonly grants: readonly Grant[] };

export const actions: readonly Action[] = ['pull', 'push', 'delete'];

const actionsOf: { readonly [role in Role]: readonly Action[] } = {
  reader: ['pull'],
  publisher: ['pull', 'push'],
  operator: actions,
};

/** The tenant that a repository belongs to: the first component of its name. */
export function tenantOf(repository: string): string {
  const slash = repository.indexOf('/');
  return slash < 0 ? repository : repository.slice(0, slash);
}

/** True when one of the principal's grants covers `action` on `repository`. */
export function mayAccess(principal: Principal, repository: string, action: Action): boolean {
  const tenant = tenantOf(repository);
  return principal.grants.some(
    (grant) => (grant.tenant === '*' || grant.tenant === tenant) && actionsOf[grant.role].includes(action),
  );
}

/** True when the principal holds `role` in `tenant`; an operator holds every role, a publisher also reads. */
export function hasRole(principal: Principal, tenant: string, role: Role): boolean {
  return principal.grants.some(
    (grant) =>
      (grant.tenant === '*' || grant.tenant === tenant) &&
      actionsOf[role].every((action) => actionsOf[grant.role].includes(action)),
  );
}
