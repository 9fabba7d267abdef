// Names of tenants (contract.md, "In the registry"): one lower-case path component, because it is the first one of a
// repository's name, and none of the words that other things on the same origin are called by.

const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const reserved: ReadonlySet<string> = new Set(['trust', 'tuf', 'v2', 'api', 'token']);
const maxChars = 63;

/** The tenant that is always there. */
export const defaultTenant = 'default';

/** Why `name` cannot be a tenant's name; undefined when it can. */
export function tenantNameFault(name: string): string | undefined {
  if (reserved.has(name)) return `the name ${name} is reserved`;
  if (name.length > maxChars) return `a tenant's name has ${maxChars} characters at most`;
  return component.test(name) ? undefined : `not a tenant's name: ${JSON.stringify(name)}`;
}
