// A repository that is made: keys for every role, a root that names them, and delegations by repository name. What the
// built-in profiles publish has a role for each repository; what other profiles do goes to the last one until it gets
// its own.

import type { BundleFile } from '../../trust/tuf/bundle.ts';
import { requireSigned, signMetadata } from '../../trust/tuf/envelope.ts';
import { composeFirst, rootDocument, type Composer } from '../../trust/tuf/compose.ts';
import type { KeyFolder } from '../../trust/tuf/key-folder.ts';
import type { TufSigner } from '../../trust/tuf/keys.ts';
import type {
  DelegatedRole,
  Delegations,
  Envelope,
  RootSigned,
  TargetEntries,
  TufState,
} from '../../trust/tuf/types.ts';
import { builtinProfileRepositories } from '../profile-document.ts';
import type { TufPlace } from './place.ts';
import type { RoleSetting, RoleSettings } from './role-settings.ts';

/** The role of repositories without one of their own. */
export const otherRole = 'other';

export type FirstPublication = {
  readonly place: TufPlace;
  readonly settings: RoleSettings;
  readonly keys: KeyFolder;
  readonly targets: TargetEntries;
  readonly composer: () => Promise<Composer>;
};

/** Targets of the top-level role, with the files that they name. */
export type FirstTargets = { readonly targets: TargetEntries; readonly targetFiles: readonly BundleFile[] };

export type Made = { readonly state: TufState; readonly keyIds: readonly string[] };

export async function firstPublication(options: FirstPublication): Promise<Made> {
  const { place, settings, keys, targets, composer } = options;
  const made: TufSigner[] = [];
  const make = async (setting: RoleSetting): Promise<TufSigner[]> => {
    const signers = await Promise.all(Array.from({ length: setting.keys }, () => keys.generate()));
    made.push(...signers);
    return signers;
  };
  const root = await newRoot(options, make);
  const content = { targets, ...(place.kind === 'trust' ? {} : { delegations: await newDelegations(settings, make) }) };
  const state = await composeFirst(root, content, new Map(), await composer());
  return { state, keyIds: made.map(({ keyId }) => keyId) };
}

type Make = (setting: RoleSetting) => Promise<TufSigner[]>;

async function newRoot({ settings, composer }: FirstPublication, make: Make): Promise<Envelope<RootSigned>> {
  const roles = {
    root: await make(settings.root),
    targets: await make(settings.targets),
    snapshot: await make(settings.snapshot),
    timestamp: await make(settings.timestamp),
  };
  const { signers, now } = await composer();
  const all = Object.values(roles).flat();
  const roleKeys = (role: keyof typeof roles) => ({
    keyids: roles[role].map(({ keyId }) => keyId),
    threshold: settings[role].threshold,
  });
  const content = {
    keys: Object.fromEntries(all.map(({ keyId, key }) => [keyId, key])),
    roles: {
      root: roleKeys('root'),
      targets: roleKeys('targets'),
      snapshot: roleKeys('snapshot'),
      timestamp: roleKeys('timestamp'),
    },
  };
  const signed = rootDocument(content, 1, settings.root, now);
  const envelope = await signMetadata(signed, signed.roles.root, signers);
  requireSigned('root', envelope, signed.roles.root, signed.keys);
  return envelope;
}

async function newDelegations({ delegated }: RoleSettings, make: Make): Promise<Delegations> {
  const signers = await make(delegated);
  const keyids = signers.map(({ keyId }) => keyId);
  const { threshold } = delegated;
  const own = builtinProfileRepositories.map((name) => delegatedRole(name, name, { keyids, threshold }));
  const other: DelegatedRole = { name: otherRole, keyids, threshold, terminating: true, paths: ['*/*'] };
  return { keys: Object.fromEntries(signers.map(({ keyId, key }) => [keyId, key])), roles: [...own, other] };
}

export function delegatedRole(
  name: string,
  repository: string,
  keys: Pick<DelegatedRole, 'keyids' | 'threshold'>,
): DelegatedRole {
  return { name, ...keys, terminating: true, paths: [`${repository}/*`] };
}
