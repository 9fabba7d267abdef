// What an operator wants to know about a repository: who signs what, until when, and whether that renews by itself.

import type { TufSigner } from '../../trust/tuf/keys.ts';
import type { RoleKeys, RootSigned, TufFile, TufState } from '../../trust/tuf/types.ts';
import type { SettingName } from './role-settings.ts';
import type { TufRoleSummary } from './tuf-center.ts';

export function summaryOf(
  state: TufState,
  root: RootSigned,
  signers: ReadonlyMap<string, TufSigner>,
): TufRoleSummary[] {
  const newestRoot = state.roots.at(-1) as TufFile;
  const delegated = state.targets.envelope.signed.delegations?.roles ?? [];
  return [
    role(newestRoot, root.roles.root, signers),
    role(state.targets, root.roles.targets, signers),
    ...delegated.map((keys) => role(state.delegated.get(keys.name) as TufFile, keys, signers)),
    role(state.snapshot, root.roles.snapshot, signers),
    role(state.timestamp, root.roles.timestamp, signers),
  ];
}

export type RoleExpiry = { readonly role: SettingName; readonly expires: Date };

/** Until when each role is good; of roots the newest counts. */
export function expiriesOf({ roots, targets, delegated, snapshot, timestamp }: TufState): RoleExpiry[] {
  const of = (role: SettingName) => (file: TufFile) => ({ role, expires: new Date(file.envelope.signed.expires) });
  return [
    ...roots.slice(-1).map(of('root')),
    of('targets')(targets),
    ...[...delegated.values()].map(of('delegated')),
    of('snapshot')(snapshot),
    of('timestamp')(timestamp),
  ];
}

function role(file: TufFile, { keyids, threshold }: RoleKeys, signers: ReadonlyMap<string, TufSigner>): TufRoleSummary {
  const { signed } = file.envelope;
  const keys = keyids.map((id) => ({ id, here: signers.has(id) }));
  return {
    role: file.role,
    version: file.version,
    expires: signed.expires,
    threshold,
    keys,
    ...(signed._type === 'targets' ? { targets: Object.keys(signed.targets).length } : {}),
    renews: keys.filter(({ here }) => here).length >= threshold,
  };
}
