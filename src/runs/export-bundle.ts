// The export of a bundle: plan, build, and the row that remembers its state before any tag names it.

import type { Digest } from '../core/digest.ts';
import { keepPublished, type PublishedState } from '../db/states.ts';
import { bundleBytes, contentLayersOf, type ShardedBundle } from '../profiles/sharded/compose.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { stateTag, type Artifact } from './artifact.ts';
import { buildExport } from './build-export.ts';
import { baseMissing, planExport, type ExportPlan } from './plan-export.ts';
import type { Profile } from './profile-document.ts';
import type { RunContext, RunTask, Tally } from './run-context.ts';

export type BundleExport = { readonly artifact: Artifact; readonly state: PublishedState };

/** Makes the bundle of the newest state, or finds it unchanged. */
export async function exportBundle(
  profile: Profile,
  task: RunTask,
  context: RunContext,
  tally: Tally,
): Promise<BundleExport> {
  await task.report({ state: 'planning', message: `planning ${profile.name}` });
  const plan = await planExport(profile, task, context);
  await task.report({
    state: 'building',
    message: plan.unchanged ? 'nothing changed' : `building ${plan.state.records} records`,
  });
  if (plan.unchanged) return unchangedExport(plan, plan.unchanged);
  const bundle = await buildExport(plan, task, context, tally);
  const state = publishedStateOf(plan, bundle);
  // Before any tag moves: a crash in between must not leave a tag whose state nobody knows.
  await keepPublished(context.db, context.tenant, state, context.clock.now().toISOString());
  return { artifact: artifactOf(plan, state, bundle.index.descriptor, state.config), state };
}

async function unchangedExport(plan: ExportPlan, state: PublishedState): Promise<BundleExport> {
  const root = await plan.repository.resolve(state.digest);
  if (!root) throw baseMissing(`${plan.repository.name}@${state.digest}`);
  return { artifact: artifactOf(plan, state, root, state.config), state };
}

function artifactOf(plan: ExportPlan, state: PublishedState, root: Descriptor, config: Digest): Artifact {
  return {
    repository: plan.repository,
    root: { mediaType: mediaTypes.ociIndex, digest: root.digest, size: root.size },
    head: plan.head,
    sequence: plan.state.sequence,
    config,
    previous: state.previous,
    bytes: state.bytes,
    layers: state.layers,
    tags: [stateTag('s', state.created, state.digest), ...(plan.movesLatest ? ['latest'] : [])],
  };
}

function publishedStateOf(plan: ExportPlan, bundle: ShardedBundle): PublishedState {
  const { sequence, setRoot, records, created, collections } = plan.state;
  return {
    sequence,
    setRoot,
    records,
    created,
    collections,
    repository: plan.profile.repository,
    digest: bundle.index.descriptor.digest,
    profile: plan.profile.name,
    revision: plan.profile.revision,
    previous: bundle.exportManifest.previous,
    config: bundle.config.descriptor.digest,
    bytes: bundleBytes(bundle),
    layers: contentLayersOf(bundle).length + 1,
  };
}
