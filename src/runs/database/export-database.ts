// The export of a database: its artifact, the mirror that its rows travel in, and the delta to it. All three are stored
// before any of them gets a name; the artifact gets its name first, because the mirror points to it.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ExportError } from '../../core/errors.ts';
import { keepPublished } from '../../db/states.ts';
import { emptyDescriptor, type StoredManifest } from '../../oci/manifest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { deltaTagOf } from '../../profiles/mirror/delta.ts';
import { bundleBytes, contentLayersOf, type ShardedBundle } from '../../profiles/sharded/compose.ts';
import { headFieldsOf } from '../../profiles/sharded/documents.ts';
import { digestHex, type Digest } from '../../core/digest.ts';
import { stateTag, type Artifact } from '../artifact.ts';
import { deltaArtifact, storedDelta, type StoredDelta } from '../export-delta.ts';
import { guardShrink } from '../guard.ts';
import { databaseMirrorOf, type Profile } from '../profile-document.ts';
import { Tally, type RunContext, type RunTask } from '../run-context.ts';
import { buildDatabase } from './build-database.ts';
import { requiredSource } from './builder.ts';
import { buildDatabaseDelta, buildDatabaseMirror, headOf } from './build-mirror.ts';
import { databaseRows } from './database-rows.ts';
import { LeftOutCounts } from './left-out-counts.ts';
import { planDatabase, type DatabasePlan } from './plan-database.ts';
import { countsOf, spoolRows, type SpooledRows } from './spool-rows.ts';

/** In the order in which they get their names, each with what was written for it. */
export type DatabaseExport = readonly { readonly artifact: Artifact; readonly tally: Tally }[];

export async function exportDatabase(profile: Profile, task: RunTask, context: RunContext): Promise<DatabaseExport> {
  await task.report({ state: 'planning', message: `planning ${profile.name}` });
  const plan = await planDatabase(profile, task, context);
  if (plan.isUnchanged && plan.base) {
    await task.report({ state: 'building', message: 'nothing changed' });
    return artifactsOf(plan, plan.base, await deltaOf(plan, plan.base.index.descriptor.digest));
  }
  await task.report({ state: 'building', message: `making rows of ${plan.state.records} records` });
  const tempDir = join(context.tempDir, `run-${task.id}`);
  // What an attempt that was killed left there.
  await rm(tempDir, { recursive: true, force: true });
  await mkdir(tempDir, { recursive: true });
  try {
    return await build(plan, tempDir, task, context);
  } finally {
    await rm(tempDir, { recursive: true, force: true });
  }
}

async function build(plan: DatabasePlan, tempDir: string, task: RunTask, context: RunContext): Promise<DatabaseExport> {
  const leftOut = new LeftOutCounts();
  const { product } = plan.builder;
  const made = databaseRows({ plan, tempDir, leaveOut: leftOut.add }, context);
  const rows = await spoolRows(made, product, tempDir, task.signal);
  guardRows(plan, rows, task.request.acceptShrink === true);
  const [own, mirrored] = [new Tally(), new Tally()];
  const built = await buildDatabase(plan, rows, tempDir, { task, context, tally: own, leaveOut: leftOut.add });
  const work = { task, context, tally: mirrored };
  const bundle = await buildDatabaseMirror(plan, headOf(plan, rows, leftOut.rows(), built), rows, work);
  // What stands beside the chain leads nobody on.
  const delta = plan.movesLatest ? await buildDatabaseDelta(plan, bundle, rows, work) : undefined;
  const artifacts = await artifactsOf(plan, bundle, delta, { own, mirrored });
  // Before any tag moves, for retention and for those who look.
  const names = [plan.profile.repository, databaseMirrorOf(plan.profile.repository)];
  for (const [at, { artifact }] of artifacts.slice(0, 2).entries()) {
    await remember(plan, names[at] as string, artifact, bundle, context);
  }
  return artifacts;
}

/** Throws ERR_EXPORT_SHRUNK that names the bucket. An empty database is never served as good. */
function guardRows({ profile, latest }: DatabasePlan, rows: SpooledRows, acceptShrink: boolean): void {
  if (acceptShrink) return;
  if (rows.buckets.every(({ sources }) => sources.every(({ source }) => source === requiredSource))) {
    throw new ExportError('ERR_EXPORT_SHRUNK', `${profile.name} would have nothing in it`, {
      hint: 'ingest evidence first; if an empty database is right, run again with --accept-shrink',
    });
  }
  const { state, buckets } = latest?.exportManifest ?? {};
  if (state === undefined || buckets === undefined) return;
  const before = { records: state.records, collections: countsOf(buckets) };
  guardShrink(profile, { records: rows.records, collections: countsOf(rows.buckets) }, before);
}

async function deltaOf({ mirror }: DatabasePlan, target: Digest): Promise<StoredDelta | undefined> {
  const manifest = await mirror.manifest(deltaTagOf(target));
  return manifest && storedDelta(manifest);
}

async function artifactsOf(
  plan: DatabasePlan,
  bundle: ShardedBundle,
  delta: StoredDelta | undefined,
  tallies: { readonly own: Tally; readonly mirrored: Tally } = { own: new Tally(), mirrored: new Tally() },
): Promise<DatabaseExport> {
  const { mirror, state } = plan;
  const { exportManifest, index } = bundle;
  const { digest } = index.descriptor;
  const { created } = exportManifest.state;
  const target = { digest, created, previous: exportManifest.previous, sequence: state.sequence };
  const evidence = { evidence: state.setRoot, overlays: overlayFacts(plan) };
  const all = [
    { artifact: await databaseArtifact(plan, bundle), tally: tallies.own },
    { artifact: mirrorArtifact(plan, bundle), tally: tallies.mirrored },
  ];
  if (delta && plan.movesLatest) {
    const artifact = deltaArtifact({ repository: mirror, target }, delta, exportManifest, true);
    all.push({ artifact, tally: tallies.mirrored });
  }
  return all.map(({ artifact, tally }) => ({ artifact: { ...artifact, ...evidence }, tally }));
}

async function databaseArtifact(plan: DatabasePlan, { exportManifest, config }: ShardedBundle): Promise<Artifact> {
  const { repository, builder, movesLatest, base } = plan;
  const { rebuilds, state } = exportManifest;
  const manifest = rebuilds && (await repository.manifest(rebuilds.manifestDigest));
  if (!manifest)
    throw new ExportError('INTERNAL', `${repository.name} lost the database of ${config.descriptor.digest}`);
  const { digest } = manifest.descriptor;
  const before = base?.exportManifest.rebuilds?.manifestDigest;
  return {
    repository,
    root: { mediaType: mediaTypes.ociManifest, digest, size: manifest.descriptor.size },
    head: headFieldsOf(exportManifest),
    sequence: plan.state.sequence,
    config: config.descriptor.digest,
    previous: before === undefined || before === digest ? null : before,
    bytes: manifest.descriptor.size + emptyDescriptor.size + layerSize(manifest),
    layers: 1,
    tags: [stateTag('s', state.created, digest), ...(movesLatest ? ['latest', String(builder.product.version)] : [])],
  };
}

function layerSize(manifest: StoredManifest): number {
  return storedDelta(manifest).layers.reduce((sum, { size }) => sum + size, 0);
}

function mirrorArtifact({ mirror, movesLatest, state }: DatabasePlan, bundle: ShardedBundle): Artifact {
  const { exportManifest, index, config } = bundle;
  const { digest, size } = index.descriptor;
  return {
    repository: mirror,
    root: { mediaType: mediaTypes.ociIndex, digest, size },
    head: headFieldsOf(exportManifest),
    sequence: state.sequence,
    config: config.descriptor.digest,
    previous: exportManifest.previous,
    bytes: bundleBytes(bundle),
    layers: contentLayersOf(bundle).length + 1,
    tags: [stateTag('s', exportManifest.state.created, digest), ...(movesLatest ? ['latest'] : [])],
  };
}

function overlayFacts({ overlays }: DatabasePlan): { source: string; sha256: string }[] {
  return overlays.map(({ source, pointer }) => ({ source, sha256: digestHex(pointer.layerDigest) }));
}

async function remember(
  { profile, state }: DatabasePlan,
  repository: string,
  artifact: Artifact,
  { exportManifest }: ShardedBundle,
  { db, tenant, clock }: RunContext,
): Promise<void> {
  const { setRoot, records, created } = exportManifest.state;
  const published = {
    sequence: state.sequence,
    setRoot,
    records,
    created,
    collections: countsOf(exportManifest.buckets ?? []),
    repository,
    digest: artifact.root.digest,
    profile: profile.name,
    revision: profile.revision,
    previous: artifact.previous,
    config: artifact.config,
    bytes: artifact.bytes,
    layers: artifact.layers,
  };
  await keepPublished(db, tenant, published, clock.now().toISOString());
}
