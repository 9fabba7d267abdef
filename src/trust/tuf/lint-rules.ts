// The rules that several kinds of TUF documents share: keys, thresholds, names, hashes and sizes.

import { ExportError } from '../../core/errors.ts';
import { keyIdOf, publicKeyOf } from './keys.ts';
import type { RoleKeys, TufKeys } from './types.ts';

const hexSha256 = /^[0-9a-f]{64}$/;
const roleName = /^[a-z][a-z0-9-]{0,62}$/;
const keySchemes: { readonly [type: string]: string } = {
  ed25519: 'ed25519',
  ecdsa: 'ecdsa-sha2-nistp256',
  rsa: 'rsassa-pss-sha256',
};
/** More roles in a snapshot, or targets in a role, cost tuf-js seconds: its time grows with the square. */
export const maxEntries = 500;

/** Each key is named by its hash, has a form that every client knows, and nothing else in it. */
export function lintKeys(place: string, keys: TufKeys): void {
  for (const [id, key] of Object.entries(keys)) {
    const at = `${place}.${id}`;
    if (Object.keys(key).sort().join(' ') !== 'keytype keyval scheme') throw refused(at, 'has members of its own');
    if (Object.keys(key.keyval).join(' ') !== 'public') throw refused(at, 'has more than a public value');
    if (keySchemes[key.keytype] !== key.scheme) throw refused(at, `${key.keytype} with ${key.scheme} is not supported`);
    if (keyIdOf(key) !== id) throw refused(at, 'is not named by the hash of its key');
    const { asymmetricKeyDetails: details } = publicKeyOf(key);
    if (key.keytype === 'ecdsa' && details?.namedCurve !== 'prime256v1') throw refused(at, 'is not on the curve P-256');
  }
}

/** A threshold that different keys can reach: one key under two names must not count twice. */
export function lintRoleKeys(place: string, { keyids, threshold }: RoleKeys, keys: TufKeys): void {
  if (!Number.isSafeInteger(threshold) || threshold < 1) throw refused(`${place}.threshold`, 'is no number from 1 on');
  if (new Set(keyids).size !== keyids.length) throw refused(`${place}.keyids`, 'names a key twice');
  const material = new Set<string>();
  for (const id of keyids) {
    const key = keys[id];
    if (key === undefined) throw refused(`${place}.keyids`, `${id} is not among the keys`);
    const der = publicKeyOf(key).export({ type: 'spki', format: 'der' }).toString('hex');
    if (material.has(der)) throw refused(`${place}.keyids`, 'has the same key under two names');
    material.add(der);
  }
  if (keyids.length < threshold) throw refused(`${place}.threshold`, `is ${threshold} with ${keyids.length} keys`);
}

/** Lower-case letters, digits and hyphens: dots, slashes and names that look like integers confuse clients. */
export function isRoleName(name: string): boolean {
  return roleName.test(name);
}

/** One hash, SHA-256 in lower-case hex: with several, clients ask for different file names. */
export function lintHashes(place: string, hashes: { readonly [algorithm: string]: string } | undefined): void {
  if (hashes === undefined || Object.keys(hashes).join(' ') !== 'sha256') throw refused(place, 'is not one sha256');
  if (!hexSha256.test(hashes['sha256'] ?? '')) throw refused(place, 'is not 64 lower-case hex digits');
}

export function lintSize(place: string, length: number | undefined): void {
  if (!Number.isSafeInteger(length) || (length as number) < 0) throw refused(place, 'is no number of bytes');
}

export function refused(place: string, rule: string): ExportError {
  return new ExportError('INPUT_INVALID', `TUF metadata refused: ${place} ${rule}`);
}
