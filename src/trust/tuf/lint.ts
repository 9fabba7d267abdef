// The rules for one document before it is signed. Each keeps out something that at least one TUF client in use refuses,
// or reads differently from the others; docs/formats.md lists them.

import { olpcBytes } from './canonical.ts';
import { isRoleName, lintHashes, lintKeys, lintRoleKeys, lintSize, maxEntries, refused } from './lint-rules.ts';
import { lintDelegations, lintTargets } from './lint-targets.ts';
import { topLevelRoles, type MetaEntry, type RoleKeys, type Signed, type TufKeys } from './types.ts';

const expiresPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

/** Throws INPUT_INVALID that names the place and the rule. */
export function lintMetadata(signed: Signed): void {
  olpcBytes(signed);
  const { _type: type } = signed;
  if (!(topLevelRoles as readonly string[]).includes(type)) throw refused(type, 'is no type of TUF metadata');
  if (!/^1\.\d+(?:\.\d+)?$/.test(signed.spec_version)) throw refused(`${type}.spec_version`, 'is not 1.x');
  lintVersion(`${type}.version`, signed.version);
  lintExpires(`${type}.expires`, signed.expires);
  if (signed._type === 'root') {
    // Of a draft that somebody edited, it may be anything.
    const consistent: unknown = signed.consistent_snapshot;
    if (consistent !== true) throw refused('root.consistent_snapshot', 'is not true');
    lintRoles(signed.roles, signed.keys);
  } else if (signed._type === 'targets') {
    lintTargets(signed.targets);
    if (signed.delegations) lintDelegations(signed.delegations);
  } else lintMeta(signed._type, signed.meta);
}

function lintRoles(roles: { readonly [role: string]: RoleKeys }, keys: TufKeys): void {
  const names = Object.keys(roles).sort().join(' ');
  if (names !== [...topLevelRoles].sort().join(' ')) throw refused('root.roles', `are ${names}, not the four of TUF`);
  for (const [name, role] of Object.entries(roles)) lintRoleKeys(`root.roles.${name}`, role, keys);
  lintKeys('root.keys', keys);
}

function lintMeta(type: 'snapshot' | 'timestamp', meta: { readonly [file: string]: MetaEntry }): void {
  const files = Object.keys(meta);
  if (type === 'timestamp' && files.join(' ') !== 'snapshot.json') {
    throw refused('timestamp.meta', 'lists something else than snapshot.json');
  }
  if (type === 'snapshot' && meta['targets.json'] === undefined) throw refused('snapshot.meta', 'lacks targets.json');
  if (files.length > maxEntries) throw refused(`${type}.meta`, `lists ${files.length} files, more than ${maxEntries}`);
  for (const [file, entry] of Object.entries(meta)) {
    const place = `${type}.meta.${file}`;
    if (!file.endsWith('.json') || !isRoleName(file.slice(0, -5))) throw refused(place, 'is no file of a role');
    lintVersion(`${place}.version`, entry.version);
    lintSize(`${place}.length`, entry.length);
    lintHashes(`${place}.hashes`, entry.hashes);
  }
}

function lintVersion(place: string, version: number): void {
  if (!Number.isSafeInteger(version) || version < 1) throw refused(place, 'is no number from 1 on');
}

function lintExpires(place: string, expires: string): void {
  if (!expiresPattern.test(expires) || Number.isNaN(Date.parse(expires))) {
    throw refused(place, 'is not an instant in UTC with whole seconds, such as 2027-01-31T12:00:00Z');
  }
}
