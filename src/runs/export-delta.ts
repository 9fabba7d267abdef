// The export of a mirror:delta (formats.md §6): the full bundle first, if it is not there yet, then the patch that leads
// to it. With `--base` the delta holds the whole chain from that state on.

import type { Digest } from '../core/digest.ts';
import { publishedState, type PublishedState } from '../db/states.ts';
import { buildDelta, deltaTagOf, type DeltaBundle, type DeltaStep } from '../profiles/mirror/delta.ts';
import { headFieldsOf, type ExportManifest } from '../profiles/sharded/documents.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseManifest, type ImageManifest, type StoredManifest } from '../oci/manifest.ts';
import type { Repository } from '../oci/repository.ts';
import { stateTag, type Artifact } from './artifact.ts';
import { bundleOf, chainBack, scopedStateOf } from './build-export.ts';
import { baseMissing, resolveBase } from './plan-export.ts';
import type { Profile } from './profile-document.ts';
import { changeRecords } from './state-changes.ts';
import type { RunContext, RunTask, Tally } from './run-context.ts';

export type DeltaRequest = {
  readonly profile: Profile;
  readonly repository: Repository;
  /** State of the full bundle that the delta leads to. */
  readonly target: PublishedState;
};

/** What a delta has to know of the bundle that it leads to. */
export type DeltaTarget = Pick<PublishedState, 'digest' | 'created' | 'previous' | 'sequence'>;

export async function exportDelta(
  request: DeltaRequest,
  task: RunTask,
  context: RunContext,
  tally: Tally,
): Promise<Artifact> {
  const { repository, target } = request;
  const { base } = task.request;
  const existing = base === undefined ? await repository.manifest(deltaTagOf(target.digest)) : undefined;
  if (existing) {
    const { exportManifest } = await bundleOf(repository, target.digest);
    return deltaArtifact(request, storedDelta(existing), exportManifest, true);
  }
  const from = base === undefined ? target.previous : await baseDigest(repository, base);
  const { exportManifest } = await bundleOf(repository, target.digest);
  await task.report({ state: 'building', message: from === null ? 'first state, no patch' : `patch from ${from}` });
  const steps = from === null ? [] : await stepsSince(request, from, context);
  const delta = await buildDelta({ target: target.digest, manifest: exportManifest, from, steps }, context.encoders);
  const stored = await storeDelta(repository, delta, tally);
  const artifact = deltaArtifact(request, stored, exportManifest, base === undefined);
  await tellLargeDelta(artifact, target, task);
  return artifact;
}

/** After a rewrite of a feed a delta saves little: people who wait for it on a slow line should know. */
async function tellLargeDelta({ bytes }: Artifact, target: PublishedState, task: RunTask): Promise<void> {
  if (bytes * 2 < target.bytes) return;
  const share = Math.round((100 * bytes) / target.bytes);
  await task.report({
    state: 'building',
    message: `the delta is large: ${bytes} bytes, ${share} % of the full bundle`,
  });
}

async function baseDigest(repository: Repository, base: string): Promise<Digest> {
  const digest = await resolveBase(repository, base);
  if (!digest) throw baseMissing(base);
  return digest;
}

/** One step for each state on the way, oldest first; a state that moved no record needs none. */
async function stepsSince({ profile, target }: DeltaRequest, from: Digest, context: RunContext): Promise<DeltaStep[]> {
  const newestFirst = await chainBack(target, from, context);
  const start = await publishedState(context.db, context.tenant, target.repository, from);
  if (!start) throw baseMissing(from);
  const states = [start, ...newestFirst.toReversed()];
  const steps: DeltaStep[] = [];
  for (const [at, state] of states.slice(1).entries()) {
    const before = states[at] as PublishedState;
    if (before.setRoot === state.setRoot) continue;
    const [old, now] = [await scopedStateOf(before, profile, context), await scopedStateOf(state, profile, context)];
    const changes = () => changeRecords(context.reader, 'record', old, now);
    steps.push({ from: before.setRoot, to: state.setRoot, changes });
  }
  return steps;
}

export async function storeDelta(
  repository: Repository,
  { config, layers, manifest }: DeltaBundle,
  tally: Tally,
): Promise<StoredDelta> {
  for (const { descriptor, bytes } of [config, ...layers]) {
    if ((await repository.pushBlob(descriptor, bytes)) !== 'written') continue;
    tally.add(descriptor);
    if (descriptor !== config.descriptor) tally.layers++;
  }
  if ((await repository.pushManifest(manifest)) === 'written') tally.add(manifest.descriptor);
  return storedDelta(manifest);
}

/** What the manifest of a delta says of its parts. */
export function storedDelta(manifest: StoredManifest): StoredDelta {
  const { config, layers } = parseManifest(manifest.bytes, manifest.descriptor.mediaType) as ImageManifest;
  return { manifest, config, layers };
}

/** A delta that is in the repository. */
export type StoredDelta = {
  readonly manifest: StoredManifest;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
};

/** A stored delta as what a run publishes; `leadsFromPrevious` makes it the one that consumers find. */
export function deltaArtifact(
  { repository, target }: Pick<DeltaRequest, 'repository'> & { readonly target: DeltaTarget },
  { manifest, config, layers }: StoredDelta,
  exportManifest: ExportManifest,
  leadsFromPrevious: boolean,
): Artifact {
  const root = manifest.descriptor;
  const tag = stateTag('d', target.created, root.digest);
  return {
    repository,
    root,
    head: headFieldsOf(exportManifest),
    sequence: target.sequence,
    config: config.digest,
    previous: target.previous,
    bytes: root.size + config.size + layers.reduce((sum, { size }) => sum + size, 0),
    layers: layers.length,
    tags: leadsFromPrevious ? [tag, deltaTagOf(target.digest), 'delta'] : [tag],
  };
}
