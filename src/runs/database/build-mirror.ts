// The mirror of a database (formats.md §5, §9): its rows as base and journals over the bundle that came before, with what
// a consumer needs to make the file of them, and the delta that leads there.

import type { Digest } from '../../core/digest.ts';
import type { Repository } from '../../oci/repository.ts';
import { gzipFacts, type Rebuilds } from '../../profiles/database/documents.ts';
import { buildDelta } from '../../profiles/mirror/delta.ts';
import { buildMirror } from '../../profiles/mirror/build.ts';
import { stateChanges } from '../../profiles/mirror/state-changes.ts';
import type { ShardedBundle } from '../../profiles/sharded/compose.ts';
import type { HeadFields } from '../../profiles/sharded/documents.ts';
import { stateLines } from '../../profiles/sharded/read.ts';
import type { ChangeWithOld } from '../../shard/patch.ts';
import { storeContext, storeManifests } from '../build-export.ts';
import { storeDelta, type StoredDelta } from '../export-delta.ts';
import type { RunContext, RunTask, Tally } from '../run-context.ts';
import type { BuiltDatabase } from './build-database.ts';
import type { DatabasePlan } from './plan-database.ts';
import type { SpooledRows } from './spool-rows.ts';

type Work = { readonly task: RunTask; readonly context: RunContext; readonly tally: Tally };

export type LeftOut = HeadFields['leftOut'];

export function headOf(plan: DatabasePlan, rows: SpooledRows, leftOut: LeftOut, built: BuiltDatabase): HeadFields {
  const { name, kind, revision } = plan.profile;
  return {
    profile: { name, kind, revision },
    scope: plan.profile.scope as HeadFields['scope'],
    state: { setRoot: rows.setRoot, records: rows.records, created: plan.state.created },
    leftOut,
    sources: plan.sources,
    inputsHash: plan.inputsHash,
    policyVersion: null,
    rebuilds: rebuildsOf(plan, built),
    buckets: rows.buckets,
  };
}

function rebuildsOf({ profile, builder, nextUpdate }: DatabasePlan, { manifest, layer }: BuiltDatabase): Rebuilds {
  return {
    reference: profile.repository,
    manifestDigest: manifest.descriptor.digest,
    layerDigest: layer.digest,
    kind: builder.product.kind,
    writer: builder.product.writer,
    gzip: gzipFacts,
    nextUpdate,
  };
}

/** Stores the mirror's bundle without a tag. */
export async function buildDatabaseMirror(
  { mirror, base }: DatabasePlan,
  head: HeadFields,
  rows: SpooledRows,
  { task, context, tally }: Work,
): Promise<ShardedBundle> {
  const previous = base && { bundle: base, repository: mirror, changes: () => changesSince(base, rows, mirror) };
  const bundle = await buildMirror(
    { head, lines: rows.lines, compact: context.compactsNow(), ...(previous ? { previous } : {}) },
    storeContext(mirror, task, context, tally),
  );
  await storeManifests(mirror, bundle, tally);
  return bundle;
}

function changesSince(base: ShardedBundle, rows: SpooledRows, mirror: Repository): AsyncIterable<ChangeWithOld[]> {
  return stateChanges(stateLines(mirror, base), rows.lines());
}

/** Stores the delta that leads to `bundle`; of a first state it has no patch. */
export async function buildDatabaseDelta(
  { mirror, base }: DatabasePlan,
  bundle: ShardedBundle,
  rows: SpooledRows,
  { task, context, tally }: Work,
): Promise<StoredDelta> {
  const from: Digest | null = base?.index.descriptor.digest ?? null;
  await task.report({ state: 'building', message: from === null ? 'first state, no patch' : `patch from ${from}` });
  const moved = base && base.exportManifest.state.setRoot !== rows.setRoot ? [base] : [];
  const delta = await buildDelta(
    {
      target: bundle.index.descriptor.digest,
      manifest: bundle.exportManifest,
      from,
      steps: moved.map((old) => ({
        from: old.exportManifest.state.setRoot,
        to: rows.setRoot,
        changes: () => changesSince(old, rows, mirror),
      })),
    },
    context.encoders,
  );
  return storeDelta(mirror, delta, tally);
}
