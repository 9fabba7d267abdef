// The rules for target paths, what is said of targets, and delegations.

import { isRoleName, lintHashes, lintKeys, lintRoleKeys, lintSize, maxEntries, refused } from './lint-rules.ts';
import { topLevelRoles, type DelegatedRole, type Delegations, type TargetEntries } from './types.ts';

const targetPath = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;
const pathPattern = /^[A-Za-z0-9_*?-][A-Za-z0-9._*?-]*(?:\/[A-Za-z0-9_*?-][A-Za-z0-9._*?-]*)*$/;
/** Clients look at 32 roles for one path, and the top-level one counts. */
const maxReachable = 30;

export function lintTargets(targets: TargetEntries): void {
  const paths = Object.keys(targets);
  if (paths.length > maxEntries) throw refused('targets.targets', `lists ${paths.length}, more than ${maxEntries}`);
  for (const [path, entry] of Object.entries(targets)) {
    const place = `targets.targets.${path}`;
    lintPath(place, path);
    lintSize(`${place}.length`, entry.length);
    lintHashes(`${place}.hashes`, entry.hashes);
    if (entry.custom !== undefined) lintCustom(`${place}.custom`, entry.custom);
  }
}

function lintPath(place: string, path: string): void {
  if (!targetPath.test(path)) throw refused(place, 'has characters that clients treat differently');
  if (path.split('/').some((part) => part === '.' || part === '..')) throw refused(place, 'has a part . or ..');
  if (path in Object.prototype) throw refused(place, 'is a name that JavaScript objects have by themselves');
}

/** tough drops an empty one; what is in it was checked by the canonical form. */
function lintCustom(place: string, custom: object): void {
  if (Array.isArray(custom) || typeof custom !== 'object') throw refused(place, 'is not an object');
  if (Object.keys(custom).length === 0) throw refused(place, 'is empty');
}

export function lintDelegations({ keys, roles, ...rest }: Delegations): void {
  if (Object.keys(rest).length > 0) throw refused('targets.delegations', `has ${Object.keys(rest).join(', ')}`);
  lintKeys('targets.delegations.keys', keys);
  const names = new Set<string>();
  for (const role of roles) {
    const place = `targets.delegations.roles.${role.name}`;
    if (!isRoleName(role.name)) throw refused(place, 'is not lower-case letters, digits and hyphens');
    if ((topLevelRoles as readonly string[]).includes(role.name))
      throw refused(place, 'is the name of a top-level role');
    if (names.has(role.name)) throw refused(place, 'is there twice');
    names.add(role.name);
    lintDelegatedRole(place, role);
    lintRoleKeys(place, role, keys);
  }
  lintReach(roles);
}

function lintDelegatedRole(place: string, role: DelegatedRole): void {
  if (typeof role.terminating !== 'boolean') throw refused(place, 'does not say whether it is terminating');
  if ('path_hash_prefixes' in role) throw refused(place, 'delegates by hashes, which go-tuf finds nothing with');
  if (!Array.isArray(role.paths) || role.paths.length === 0) throw refused(place, 'has no paths');
  for (const pattern of role.paths) {
    if (!pathPattern.test(pattern) || pattern.includes('**')) {
      throw refused(`${place}.paths`, `has ${JSON.stringify(pattern)}, which clients match differently`);
    }
  }
}

/** No path may lead through more roles than clients look at; a terminating role ends the way where it matches. */
function lintReach(roles: readonly DelegatedRole[]): void {
  for (const { name, paths } of roles) {
    for (const pattern of paths) {
      const reached = roles.filter((role) => role.paths.some((other) => mayMeet(pattern, other)));
      if (reached.length <= maxReachable) continue;
      throw refused(`targets.delegations.roles.${name}.paths`, `leads through ${reached.length} roles`);
    }
  }
}

/** Whether two patterns may match one path; it may say so although they do not. */
function mayMeet(a: string, b: string): boolean {
  const [x, y] = [a.split('/'), b.split('/')];
  return x.length === y.length && x.every((part, at) => partsMayMeet(part, y[at] as string));
}

function partsMayMeet(a: string, b: string): boolean {
  const [x, y] = [literalStart(a), literalStart(b)];
  if (x.length === a.length && y.length === b.length) return a === b;
  return x.startsWith(y) || y.startsWith(x);
}

function literalStart(part: string): string {
  return part.split(/[*?]/, 1)[0] ?? '';
}
