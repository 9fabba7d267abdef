// A kit: a TUF repository that lives on the far side of a gap. It has a root, snapshot and timestamp of its own, and the
// tenant's targets as they are now; the timestamp is good for 90 days, and who is there may hold a key that renews it.

import { ExportError } from '../../core/errors.ts';
import type { Digest } from '../../core/digest.ts';
import type { RepositoryReader } from '../../oci/repository.ts';
import { filesOfState, targetFileName } from '../../trust/tuf/bundle.ts';
import { newestRoot } from '../../trust/tuf/lint-state.ts';
import type { Delegations, TargetEntries, TufState } from '../../trust/tuf/types.ts';
import type { TufRepository } from './repository.ts';
import type { TufKit } from './tuf-center.ts';

type KitFile = TufKit['files'][number];

/** Publishes the kit repository with the targets of `source`, and gives all its files. */
export async function composeKit(
  source: TufState,
  kit: TufRepository,
  repository: (name: string) => RepositoryReader,
): Promise<TufKit> {
  const { state } = await kit.publish(({ state: before }) => {
    const own = before.targets.envelope.signed.delegations;
    const delegations = sameRoles(source.targets.envelope.signed.delegations, own);
    const lists = [...source.delegated].map(([name, file]): [string, TargetEntries] => [
      name,
      file.envelope.signed.targets,
    ]);
    return { targets: { targets: {}, ...(delegations ? { delegations } : {}) }, delegated: new Map(lists) };
  });
  const metadata = filesOfState(state).map(({ name, bytes }) => ({ name, text: bytes.toString('utf8') }));
  const root = newestRoot(state).bytes.toString('utf8');
  return {
    publication: state.timestamp.version,
    expires: state.timestamp.envelope.signed.expires,
    files: [{ name: 'root.json', text: root }, ...metadata, ...(await targetFiles(state, repository))],
  };
}

/** The roles of the tenant, signed by the kit's keys. */
function sameRoles(source: Delegations | undefined, own: Delegations | undefined): Delegations | undefined {
  const [signing] = own?.roles ?? [];
  if (!source || !own || !signing) return own;
  const { keyids, threshold } = signing;
  return { keys: own.keys, roles: source.roles.map((role) => ({ ...role, keyids, threshold })) };
}

async function targetFiles(state: TufState, repository: (name: string) => RepositoryReader): Promise<KitFile[]> {
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
