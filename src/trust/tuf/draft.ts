// A draft on its way between the holders of keys: keys are added and taken out before the first signature, signatures
// after. Works on the document alone, so it needs neither service nor network.

import { ExportError } from '../../core/errors.ts';
import { olpcBytes } from './canonical.ts';
import { parseEnvelope, withSignatures } from './envelope.ts';
import { keyIdOf, type TufSigner } from './keys.ts';
import { lintMetadata } from './lint.ts';
import type { Envelope, RoleKeys, RootSigned, TargetsSigned, TufKey, TufKeys } from './types.ts';

export type Draft = Envelope<RootSigned> | Envelope<TargetsSigned>;

export type RoleChange = {
  readonly add?: TufKey;
  /** A key id, or its beginning. */
  readonly remove?: string;
  readonly threshold?: number;
};

/** Reads a draft. Throws INPUT_INVALID for anything else, USAGE for metadata that are no draft. */
export function parseDraft(text: string): Draft {
  const envelope = parseEnvelope(text);
  lintMetadata(envelope.signed);
  const { _type: type } = envelope.signed;
  if (type === 'root' || type === 'targets') return envelope as Draft;
  throw new ExportError('USAGE', `a ${type} is no draft: root and targets are`);
}

export function formatDraft(draft: Draft): string {
  return `${JSON.stringify(draft, null, 2)}\n`;
}

/** The draft with another set of keys for a role; signatures that were there are over something else now. */
export function changeRole(draft: Draft, name: string, change: RoleChange): Draft {
  const { signed } = draft;
  const next = signed._type === 'root' ? changeRoot(signed, name, change) : changeDelegated(signed, name, change);
  lintMetadata(next);
  return { signatures: [], signed: next } as Draft;
}

export async function signDraft(draft: Draft, signer: TufSigner): Promise<Draft> {
  const sig = await signer.sign(olpcBytes(draft.signed));
  return withSignatures<RootSigned | TargetsSigned>(draft, [{ keyid: signer.keyId, sig }]) as Draft;
}

function changeRoot(signed: RootSigned, name: string, change: RoleChange): RootSigned {
  const roles: { readonly [name: string]: RoleKeys } = signed.roles;
  const role = Object.hasOwn(roles, name) ? roles[name] : undefined;
  if (!role) throw noRole(name, Object.keys(roles));
  const changed = { ...roles, [name]: changeKeys(role, change) } as RootSigned['roles'];
  return { ...signed, keys: usedKeys(signed.keys, change.add, Object.values(changed)), roles: changed };
}

function changeDelegated(signed: TargetsSigned, name: string, change: RoleChange): TargetsSigned {
  const { keys = {}, roles = [] } = signed.delegations ?? {};
  if (!roles.some((role) => role.name === name))
    throw noRole(
      name,
      roles.map((role) => role.name),
    );
  const changed = roles.map((role) => (role.name === name ? { ...role, ...changeKeys(role, change) } : role));
  return { ...signed, delegations: { keys: usedKeys(keys, change.add, changed), roles: changed } };
}

function changeKeys({ keyids, threshold }: RoleKeys, { add, remove, threshold: asked }: RoleChange): RoleKeys {
  const kept = remove === undefined ? keyids : keyids.filter((id) => !id.startsWith(remove));
  if (remove !== undefined && keyids.length - kept.length !== 1) {
    throw new ExportError('USAGE', `${remove} names ${keyids.length - kept.length} of the role's keys, not one`);
  }
  const added = add === undefined ? [] : [keyIdOf(add)];
  return { keyids: [...new Set([...kept, ...added])], threshold: asked ?? threshold };
}

function usedKeys(keys: TufKeys, added: TufKey | undefined, roles: readonly RoleKeys[]): TufKeys {
  const all: TufKeys = added === undefined ? keys : { ...keys, [keyIdOf(added)]: added };
  const used = new Set(roles.flatMap(({ keyids }) => keyids));
  return Object.fromEntries(Object.entries(all).filter(([id]) => used.has(id)));
}

function noRole(name: string, names: readonly string[]): ExportError {
  return new ExportError('USAGE', `the draft has no role ${name}`, { hint: `it has ${names.join(', ')}` });
}
