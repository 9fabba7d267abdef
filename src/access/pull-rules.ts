// Which repositories everybody may pull from: the tenant `default` unless a rule closes it, others where a rule opens them.

import { matchesPattern } from './repository-pattern.ts';
import { nameInTenant, tenantOf } from './roles.ts';
import { defaultTenant } from './tenant-name.ts';

/** Not a tenant's name: here is what everybody needs to trust the others. */
const publicTenant = 'trust';

export type PullRule = {
  readonly tenant: string;
  /** Pattern of repositories inside the tenant. */
  readonly repository: string;
  /** Whether everybody may pull, without credentials. */
  readonly anonymous: boolean;
};

/** Whether everybody may pull from `repository`: the narrowest rule that names it decides. */
export function isPublicBy(rules: readonly PullRule[], repository: string): boolean {
  const tenant = tenantOf(repository);
  const name = nameInTenant(repository);
  let narrowest: PullRule | undefined;
  for (const rule of rules) {
    if (rule.tenant !== tenant || !matchesPattern(rule.repository, name)) continue;
    if (narrowest === undefined || narrowness(rule) > narrowness(narrowest)) narrowest = rule;
  }
  return narrowest?.anonymous ?? ((tenant === defaultTenant || tenant === publicTenant) && name !== '');
}

/** A name goes before every pattern, a longer pattern before a shorter one. */
function narrowness({ repository }: PullRule): number {
  return repository.endsWith('*') ? repository.length : Infinity;
}
