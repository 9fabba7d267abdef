// The way of one export, from plan to record. Every step is idempotent: a run that is repeated gives the same digests
// and finds its blobs present.

import type { PublishedState } from '../db/states.ts';
import type { RunResult } from './center.ts';
import type { Artifact } from './artifact.ts';
import { exportBundle } from './export-bundle.ts';
import { exportDelta } from './export-delta.ts';
import type { Profile } from './profile-document.ts';
import { attestArtifact, copyToDestination, tagArtifact, verifyArtifact, type Copied } from './publish.ts';
import { copyPlain } from './publish-plain.ts';
import { Tally, type RunContext, type RunTask } from './run-context.ts';

export type RunProfiles = {
  readonly profile: Profile;
  /** Whose bundle a delta leads to: mirror:full for the built-in pair, the profile itself else. */
  readonly full: Profile;
};

/** Leaves first, names last: a crash at any point leaves no half-visible bundle. */
export async function execute({ profile, full }: RunProfiles, task: RunTask, context: RunContext): Promise<RunResult> {
  const tally = new Tally();
  const isDelta = profile.kind === 'mirror:delta';
  const bundleTask = isDelta ? withoutBase(task) : task;
  const { artifact, state } = await exportBundle(isDelta ? full : profile, bundleTask, context, tally);
  await release(artifact, isDelta ? full : profile, tally, bundleTask, context);
  const artifacts = [artifact];
  if (isDelta) {
    const request = { profile: full, repository: artifact.repository, target: state };
    const delta = await exportDelta(request, task, context, tally);
    await release(delta, profile, tally, task, context);
    artifacts.push(delta);
  }
  const { to } = task.request;
  const copied = to === undefined ? undefined : await copyAll(artifacts, to, { profile, full }, task, context);
  return resultOf(profile, artifacts.at(-1) as Artifact, state, tally, task, context, copied);
}

/** In the encoding that the run's profile asks for. */
function copyAll(
  artifacts: readonly Artifact[],
  to: string,
  { profile, full }: RunProfiles,
  task: RunTask,
  context: RunContext,
): Promise<Copied> {
  if (profile.encoding !== 'plain') return copyToDestination(artifacts, to, task, context);
  const last = artifacts.length - 1;
  const signed = artifacts.map((artifact, at) => ({ artifact, profile: at === last ? profile : full }));
  return copyPlain(signed, to, task, context);
}

/** `--base` of a delta says where the delta starts; the bundle that it leads to continues the chain. */
function withoutBase(task: RunTask): RunTask {
  const { base: _base, ...request } = task.request;
  return { ...task, request };
}

async function release(artifact: Artifact, profile: Profile, tally: Tally, task: RunTask, context: RunContext) {
  await attestArtifact(artifact, profile, task, context);
  await tagArtifact(artifact, task);
  await verifyArtifact(artifact, tally, task, context);
}

function resultOf(
  profile: Profile,
  { root, repository, tags, bytes, layers }: Artifact,
  state: PublishedState,
  tally: Tally,
  task: RunTask,
  context: RunContext,
  copied: Copied | undefined,
): RunResult {
  const own = `${context.registryHost()}/${repository.name}:${tags.at(-1)}`;
  return {
    run: task.id,
    profile: profile.name,
    state: 'succeeded',
    reference: copied ? `${copied.repository.name}:${copied.tag}` : own,
    digest: copied?.digest ?? root.digest,
    setRoot: state.setRoot,
    records: state.records,
    bytes,
    bytesNew: tally.bytes,
    layers,
    layersNew: tally.layers,
  };
}
