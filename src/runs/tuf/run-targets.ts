// What runs publish as targets: the moving tags and the kept states of a repository, each with the digest that a run gave
// it. Digests never come from tags of the registry, which others may move; a tag that is gone takes its target along.

import { sha256, type Digest } from '../../core/digest.ts';
import type { Queryable } from '../../db/database.ts';
import { publishedStates } from '../../db/states.ts';
import type { Repository } from '../../oci/repository.ts';
import type { TufSigner } from '../../trust/tuf/keys.ts';
import { isRoleName } from '../../trust/tuf/lint-rules.ts';
import {
  topLevelRoles,
  type DelegatedRole,
  type TargetEntries,
  type TargetEntry,
  type TufState,
} from '../../trust/tuf/types.ts';
import { stateTag, type Artifact } from '../artifact.ts';
import { keptStates } from '../retention.ts';
import { delegatedRole, otherRole } from './first-publication.ts';
import { newestRoot } from '../../trust/tuf/lint-state.ts';
import type { Plan } from './repository.ts';

/** One repository of a tenant, and what a run has just tagged in it. */
export type RunTargets = {
  readonly tenant: string;
  /** Inside the tenant. */
  readonly name: string;
  readonly repository: Repository;
  readonly artifacts: readonly Pick<Artifact, 'root' | 'tags'>[];
};

/** The targets of the repository as they have to be now. */
export async function planRunTargets(
  state: TufState,
  run: RunTargets,
  db: Queryable,
  signers: ReadonlyMap<string, TufSigner>,
): Promise<Plan> {
  const prefix = `${run.name}/`;
  const role = roleOf(state, run.name) ?? newRole(state, run.name, signers);
  const listed = { ...within(targetsOf(state, otherRole), prefix), ...within(targetsOf(state, role.name), prefix) };
  const wanted = await wantedTargets(listed, run, db);
  const delegated = new Map<string, TargetEntries>([
    [role.name, { ...without(targetsOf(state, role.name), prefix), ...wanted }],
  ]);
  if (role.name === otherRole) return { delegated };
  // It had no role of its own when these were written.
  delegated.set(otherRole, without(targetsOf(state, otherRole), prefix));
  return { delegated, ...withRole(state, role) };
}

async function wantedTargets(listed: TargetEntries, run: RunTargets, db: Queryable): Promise<TargetEntries> {
  const { repository, name, tenant } = run;
  const present = new Set(await repository.tags());
  const wanted = new Map(Object.entries(listed).filter(([path]) => present.has(path.slice(name.length + 1))));
  const states = (await publishedStates(db, tenant)).filter((state) => state.repository === name).slice(0, keptStates);
  for (const { created, digest } of states) {
    const tag = stateTag('s', created, digest);
    if (!present.has(tag) || wanted.has(`${name}/${tag}`)) continue;
    const found = await repository.resolve(digest);
    if (found) wanted.set(`${name}/${tag}`, entryOf(found));
  }
  for (const { root, tags } of run.artifacts) {
    for (const tag of tags.filter((tag) => !tag.startsWith('sha256-'))) {
      // Unless a later run has moved it on already, which then has its own turn here.
      if ((await repository.resolve(tag))?.digest === root.digest) wanted.set(`${name}/${tag}`, entryOf(root));
    }
  }
  return Object.fromEntries([...wanted].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The OCI digest is the target's hash, the descriptor's size its length. */
function entryOf({ digest, size, mediaType }: { digest: Digest; size: number; mediaType: string }): TargetEntry {
  const custom = { 'vnd.export-center': { mediaType } };
  return { length: size, hashes: { sha256: digest.replace('sha256:', '') }, custom };
}

function roleOf(state: TufState, repository: string): DelegatedRole | undefined {
  const roles = state.targets.envelope.signed.delegations?.roles ?? [];
  return roles.find(({ paths }) => paths.includes(`${repository}/*`));
}

/** A role for a repository that has none yet; the shared one where the keys of the top-level role are elsewhere. */
function newRole(state: TufState, repository: string, signers: ReadonlyMap<string, TufSigner>): DelegatedRole {
  const shared = state.targets.envelope.signed.delegations?.roles.find(({ name }) => name === otherRole);
  const { keyids, threshold } = newestRoot(state).envelope.signed.roles.targets;
  const canDelegate = keyids.filter((id) => signers.has(id)).length >= threshold;
  const keys = { keyids: shared?.keyids ?? [], threshold: shared?.threshold ?? 1 };
  if (!canDelegate) return shared ?? delegatedRole(otherRole, repository, keys);
  return delegatedRole(roleNameOf(repository), repository, keys);
}

/** The repository's own name where that can be a role's. */
function roleNameOf(repository: string): string {
  const taken = (topLevelRoles as readonly string[]).includes(repository) || repository === otherRole;
  if (isRoleName(repository) && !taken) return repository;
  return `repository-${sha256(repository).toString('hex').slice(0, 16)}`;
}

function withRole(state: TufState, role: DelegatedRole): Pick<Plan, 'targets'> {
  const { targets, delegations } = state.targets.envelope.signed;
  if (!delegations || delegations.roles.some(({ name }) => name === role.name)) return {};
  const others = delegations.roles.filter(({ name }) => name !== otherRole);
  const shared = delegations.roles.filter(({ name }) => name === otherRole);
  return { targets: { targets, delegations: { ...delegations, roles: [...others, role, ...shared] } } };
}

function targetsOf(state: TufState, role: string): TargetEntries {
  return state.delegated.get(role)?.envelope.signed.targets ?? {};
}

function within(entries: TargetEntries, prefix: string): TargetEntries {
  return Object.fromEntries(Object.entries(entries).filter(([path]) => path.startsWith(prefix)));
}

function without(entries: TargetEntries, prefix: string): TargetEntries {
  return Object.fromEntries(Object.entries(entries).filter(([path]) => !path.startsWith(prefix)));
}
