// A kit: a TUF repository that lives on the far side of a gap. It has a root, snapshot and timestamp of its own, the
// tenant's targets as they are now, and what cosign is initialized with; the timestamp is good for 90 days, and who is
// there may hold a key that renews it.

import { ExportError } from '../../core/errors.ts';
import type { Digest } from '../../core/digest.ts';
import type { RepositoryReader } from '../../oci/repository.ts';
import type { TrustFiles } from '../../trust/trust-files.ts';
import { filesOfState, targetFileName, type BundleFile } from '../../trust/tuf/bundle.ts';
import { newestRoot } from '../../trust/tuf/lint-state.ts';
import type { Delegations, TargetEntries, TufState } from '../../trust/tuf/types.ts';
import type { TufRepository } from './repository.ts';
import { newTargetFiles, signsTargets, trustEntries } from './trust-targets.ts';
import type { TufKit } from './tuf-center.ts';

type KitFile = TufKit['files'][number];

export type KitContent = {
  /** The tenant's repository. */
  readonly source: TufState;
  /** The tenant's repository of that name in the registry. */
  readonly repository: (name: string) => RepositoryReader;
  readonly trust: TrustFiles;
};

/** Publishes the kit repository with this content, and gives all its files. */
export async function composeKit(kit: TufRepository, { source, repository, trust }: KitContent): Promise<TufKit> {
  const { state, files } = await kit.publish(async (current) => {
    const { targets: before, delegations: own } = current.state.targets.envelope.signed;
    const isOurs = signsTargets(current.state, await kit.keys.signers());
    const targets = isOurs ? trustEntries(trust) : before;
    const delegations = sameRoles(source.targets.envelope.signed.delegations, own);
    const lists = [...source.delegated].map(([name, file]): [string, TargetEntries] => [
      name,
      file.envelope.signed.targets,
    ]);
    return {
      targets: { targets, ...(delegations ? { delegations } : {}) },
      delegated: new Map(lists),
      targetFiles: isOurs ? newTargetFiles(current, targets, trust) : [],
    };
  });
  const metadata = filesOfState(state).map(({ name, bytes }) => ({ name, text: bytes.toString('utf8') }));
  const root = newestRoot(state).bytes.toString('utf8');
  return {
    publication: state.timestamp.version,
    expires: state.timestamp.envelope.signed.expires,
    files: [
      { name: 'root.json', text: root },
      ...metadata,
      ...trustFiles(state, files),
      ...(await manifests(state, repository)),
    ],
  };
}

/** The roles of the tenant, signed by the kit's keys. */
function sameRoles(source: Delegations | undefined, own: Delegations | undefined): Delegations | undefined {
  const [signing] = own?.roles ?? [];
  if (!source || !own || !signing) return own;
  const { keyids, threshold } = signing;
  return { keys: own.keys, roles: source.roles.map((role) => ({ ...role, keyids, threshold })) };
}

function trustFiles(state: TufState, files: readonly BundleFile[]): KitFile[] {
  const { targets } = state.targets.envelope.signed;
  const names = Object.entries(targets).map(([path, { hashes }]) => targetFileName(path, `sha256:${hashes.sha256}`));
  return files
    .filter(({ name }) => names.includes(name))
    .map(({ name, bytes }) => ({ name, text: bytes.toString('utf8') }));
}

async function manifests(state: TufState, repository: (name: string) => RepositoryReader): Promise<KitFile[]> {
  const files: KitFile[] = [];
  for (const file of state.delegated.values()) {
    for (const [path, { hashes }] of Object.entries(file.envelope.signed.targets)) {
      const digest = `sha256:${hashes.sha256}` as Digest;
      const name = path.slice(0, path.lastIndexOf('/'));
      const manifest = await repository(name).manifest(digest);
      if (!manifest) throw new ExportError('NOT_FOUND', `${path} has lost its manifest ${digest}`);
      files.push({ name: targetFileName(path, digest), text: manifest.bytes.toString('utf8') });
    }
  }
  return files;
}
