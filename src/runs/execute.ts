// The way of one export, from plan to record. Every step is idempotent: a run that is repeated gives the same digests
// and finds its blobs present.

import type { RunResult } from './center.ts';
import type { Artifact } from './artifact.ts';
import { compareDatabase } from './database/compare-database.ts';
import { exportDatabase } from './database/export-database.ts';
import { exportBundle } from './export-bundle.ts';
import { exportDelta } from './export-delta.ts';
import { isDatabase, type Profile } from './profile-document.ts';
import { attestArtifact, copyToDestination, tagArtifact, verifyArtifact, type Copied } from './publish.ts';
import { copyPlain } from './publish-plain.ts';
import { Tally, type RunContext, type RunTask } from './run-context.ts';

export type RunProfiles = {
  readonly profile: Profile;
  /** Whose bundle a delta leads to: mirror:full for the built-in pair, the profile itself else. */
  readonly full: Profile;
};

/** What a run published: what `--to` copies and, last in it, what the result names. */
type Published = { readonly artifacts: readonly Artifact[]; readonly bytesNew: number; readonly layersNew: number };

/** Leaves first, names last: a crash at any point leaves no half-visible bundle. */
export async function execute(profiles: RunProfiles, task: RunTask, context: RunContext): Promise<RunResult> {
  const { profile } = profiles;
  const published = isDatabase(profile.kind)
    ? await publishDatabase(profile, task, context)
    : await publishBundle(profiles, task, context);
  const { to } = task.request;
  const copied = to === undefined ? undefined : await copyAll(published.artifacts, to, profiles, task, context);
  const result = resultOf(profile, published, task, context, copied);
  const { compare } = task.request;
  return compare === undefined
    ? result
    : { ...result, comparison: await compareDatabase(profile, compare, task, context) };
}

async function publishBundle({ profile, full }: RunProfiles, task: RunTask, context: RunContext): Promise<Published> {
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
  await publishTargets(artifacts, task, context);
  return { artifacts, bytesNew: tally.bytes, layersNew: tally.layers };
}

/** The artifact that Trivy reads, then the mirror of its rows, which stays at home. */
async function publishDatabase(profile: Profile, task: RunTask, context: RunContext): Promise<Published> {
  const parts = await exportDatabase(profile, task, context);
  for (const { artifact, tally } of parts) await release(artifact, profile, tally, task, context);
  await publishTargets(
    parts.map(({ artifact }) => artifact),
    task,
    context,
  );
  const tallies = [...new Set(parts.map(({ tally }) => tally))];
  return {
    artifacts: parts.slice(0, 1).map(({ artifact }) => artifact),
    bytesNew: tallies.reduce((sum, { bytes }) => sum + bytes, 0),
    layersNew: tallies.reduce((sum, { layers }) => sum + layers, 0),
  };
}

/** After the tags, because a client that sees the target will ask for what it names. */
async function publishTargets(artifacts: readonly Artifact[], task: RunTask, context: RunContext): Promise<void> {
  await task.report({ state: 'publishing', message: 'listing it as a target' });
  task.signal.throwIfAborted();
  await context.publishTargets(artifacts);
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
  { artifacts, bytesNew, layersNew }: Published,
  task: RunTask,
  context: RunContext,
  copied: Copied | undefined,
): RunResult {
  const { root, repository, tags, bytes, layers, head } = artifacts.at(-1) as Artifact;
  const own = `${context.registryHost()}/${repository.name}:${tags.at(-1)}`;
  return {
    run: task.id,
    profile: profile.name,
    state: 'succeeded',
    reference: copied ? `${copied.repository.name}:${copied.tag}` : own,
    digest: copied?.digest ?? root.digest,
    setRoot: head.state.setRoot,
    records: head.state.records,
    bytes,
    bytesNew,
    layers,
    layersNew,
  };
}
