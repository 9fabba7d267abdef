// Builds what a plan asks for and stores it without a name: blobs, then manifests, children before parents.

import { publishedState } from '../db/states.ts';
import { findBlob, rememberBlob } from '../db/blobs.ts';
import { ExportError } from '../core/errors.ts';
import type { Digest } from '../core/digest.ts';
import { buildRaw } from '../profiles/json/raw.ts';
import { buildMirror } from '../profiles/mirror/build.ts';
import { manifestsOf, smallBlobsOf, type ShardedBundle } from '../profiles/sharded/compose.ts';
import { readBundle } from '../profiles/sharded/read.ts';
import type { StoreContext } from '../profiles/sharded/store.ts';
import type { PublishedState } from '../db/states.ts';
import type { Repository } from '../oci/repository.ts';
import { scopedState } from './plan-state.ts';
import { baseMissing, type ExportPlan } from './plan-export.ts';
import { profileOf, type Profile } from './profile-document.ts';
import { revisionsOf } from '../db/profiles.ts';
import { changeRecords, linesOfState, type ScopedState } from './state-changes.ts';
import type { ProfileDocument } from './center.ts';
import type { RunContext, RunTask, Tally } from './run-context.ts';

export async function buildExport(
  plan: ExportPlan,
  task: RunTask,
  context: RunContext,
  tally: Tally,
): Promise<ShardedBundle> {
  const store = storeContext(plan.repository, task, context, tally);
  const { reader } = context;
  const { view, scoped } = plan.state;
  const lines = () => linesOfState(reader, view, scoped);
  const base = plan.base && {
    bundle: await bundleOf(plan.repository, plan.base.digest),
    repository: plan.repository,
    changes: await changesSince(plan.base, plan, context),
  };
  const bundle =
    plan.profile.kind === 'json:raw'
      ? await buildRaw({ head: plan.head, lines, ...(base ? { older: base } : {}) }, store)
      : await buildMirror(
          { head: plan.head, lines, compact: context.compactsNow(), ...(base ? { previous: base } : {}) },
          store,
        );
  await storeManifests(plan.repository, bundle, tally);
  return bundle;
}

async function changesSince(base: PublishedState, plan: ExportPlan, context: RunContext) {
  const from = await scopedStateOf(base, plan.profile, context);
  return () => changeRecords(context.reader, plan.state.view, from, plan.state.scoped);
}

/** The scope and sequence of a state that was published before, under the revision that published it. */
export async function scopedStateOf(
  state: PublishedState,
  profile: Profile,
  context: RunContext,
): Promise<ScopedState> {
  if (state.revision === profile.revision) return scopedState(profile.scope, state.sequence, state.created);
  const revisions = await revisionsOf(context.db, context.tenant, state.profile);
  const stored = revisions.find(({ revision }) => revision === state.revision);
  if (!stored) throw baseMissing(`${state.digest} (profile revision ${state.revision})`);
  const { scope } = profileOf(JSON.parse(stored.document) as ProfileDocument);
  return scopedState(scope, state.sequence, state.created);
}

/** Reads a bundle of the own registry whose index must be there. */
export async function bundleOf(repository: Repository, digest: Digest): Promise<ShardedBundle> {
  const index = await repository.manifest(digest);
  if (!index) throw baseMissing(`${repository.name}@${digest}`);
  return readBundle(repository, index);
}

/** How a run stores blobs: found by their raw digests, counted, with progress. */
export function storeContext(repository: Repository, task: RunTask, context: RunContext, tally: Tally): StoreContext {
  let done = 0;
  let told = 0;
  return {
    repository,
    encoders: context.encoders,
    signal: task.signal,
    blobs: {
      find: (raw, level) => findBlob(context.db, raw, level),
      remember: (raw, level, stored) => rememberBlob(context.db, raw, level, stored),
    },
    onBlob: ({ descriptor, written, raw }) => {
      done += raw;
      if (written) {
        tally.add(descriptor);
        tally.layers++;
      }
      if (done - told < progressBytes) return;
      told = done;
      void task.report({ state: 'building', message: 'storing records', done });
    },
  };
}

/** Raw bytes between two progress events. */
const progressBytes = 8 * 1024 * 1024;

/** Configs, then manifests, children before parents, without a tag. */
export async function storeManifests(repository: Repository, bundle: ShardedBundle, tally: Tally): Promise<void> {
  for (const { descriptor, bytes } of smallBlobsOf(bundle)) {
    if ((await repository.pushBlob(descriptor, bytes)) !== 'written') continue;
    tally.add(descriptor);
    if (descriptor === bundle.readme.descriptor) tally.layers++;
  }
  for (const manifest of manifestsOf(bundle)) {
    if ((await repository.pushManifest(manifest)) === 'written') tally.add(manifest.descriptor);
  }
}

/** The states from `target` back to `from`, newest first, without `from`; ERR_EXPORT_BASE_MISSING when it is broken. */
export async function chainBack(
  target: PublishedState,
  from: Digest | null,
  context: RunContext,
): Promise<PublishedState[]> {
  const chain: PublishedState[] = [];
  let at: PublishedState | undefined = target;
  while (at.digest !== from) {
    chain.push(at);
    if (at.previous === null) {
      if (from === null) return chain;
      throw baseMissing(from);
    }
    if (chain.length > 10_000) throw new ExportError('INTERNAL', `the chain of ${target.digest} does not end`);
    const before = await publishedState(context.db, context.tenant, target.repository, at.previous);
    if (!before) throw baseMissing(from ?? at.previous);
    at = before;
  }
  return chain;
}
