// The plan of a database: the evidence in scope, guarded by age, and the mirror that the new one continues. What is
// unchanged is known here, before any row is made.

import { formatSeconds } from '../../core/clock.ts';
import { canonicalJson } from '../../core/canonical-json.ts';
import { digestOf, type Digest } from '../../core/digest.ts';
import type { Repository } from '../../oci/repository.ts';
import { gzipFacts } from '../../profiles/database/documents.ts';
import type { ShardedBundle } from '../../profiles/sharded/compose.ts';
import { chunkerFacts, encoderFacts, type HeadFields } from '../../profiles/sharded/documents.ts';
import { bundleOf } from '../build-export.ts';
import { parseDuration } from '../duration.ts';
import { guardAge } from '../guard.ts';
import { baseMissing, resolveBase, sourcesOf } from '../plan-export.ts';
import { planState, type StatePlan } from '../plan-state.ts';
import { databaseMirrorOf, type Profile } from '../profile-document.ts';
import type { RunContext, RunTask } from '../run-context.ts';
import { builderOf, type DatabaseBuilder } from './builder.ts';
import { guardOverlays, overlaysOf, type OverlayPointer } from './overlays.ts';

export type DatabasePlan = {
  readonly profile: Profile;
  readonly builder: DatabaseBuilder;
  /** The evidence, not the rows. */
  readonly state: StatePlan;
  readonly overlays: readonly OverlayPointer[];
  readonly repository: Repository;
  readonly mirror: Repository;
  readonly nextUpdate: string;
  readonly inputsHash: Digest;
  readonly sources: HeadFields['sources'];
  /** What the mirror's new bundle continues, and what its buckets are compared with. */
  readonly base: ShardedBundle | undefined;
  readonly latest: ShardedBundle | undefined;
  /** Whether the moving tags go to the result. */
  readonly movesLatest: boolean;
  /** The base is the mirror of this very state, and its artifact is there. */
  readonly isUnchanged: boolean;
};

/** Throws ERR_EXPORT_STALE and ERR_EXPORT_BASE_MISSING before anything is written. */
export async function planDatabase(profile: Profile, task: RunTask, context: RunContext): Promise<DatabasePlan> {
  const builder = builderOf(profile.kind);
  const others = builder.otherFormats?.(profile.scope) ?? [];
  const formats = [...builder.formats, builder.overlayFormat, ...others];
  const state = await planState(context, 'record', { ...profile.scope, formats });
  const overlays = await overlaysOf(builder.overlayFormat, state, context);
  guardAge(profile, state, context.clock.now());
  guardOverlays(profile, overlays, context.clock.now());
  const repository = context.repository(profile.repository);
  const mirror = context.repository(databaseMirrorOf(profile.repository));
  const inputsHash = inputsHashOf(profile, builder, state);
  const chain = await findChain(mirror, task.request.base);
  return {
    profile,
    builder,
    state,
    overlays,
    repository,
    mirror,
    nextUpdate: formatSeconds(new Date(Date.parse(state.created) + (parseDuration(profile.validFor ?? '') ?? 0))),
    inputsHash,
    sources: await sourcesOf(state, context),
    ...chain,
    isUnchanged: await isUnchanged(chain.base, inputsHash, repository),
  };
}

function inputsHashOf({ revision }: Profile, { converter, product }: DatabaseBuilder, { setRoot }: StatePlan): Digest {
  const inputs = {
    policyVersion: null,
    profile: revision,
    setRoot,
    converter,
    writer: product.writer,
    gzip: gzipFacts,
    encoder: encoderFacts,
    chunker: chunkerFacts,
  };
  return digestOf(canonicalJson(inputs));
}

type Chain = Pick<DatabasePlan, 'base' | 'latest' | 'movesLatest'>;

/** The mirror's bundles are read from the registry: a chain of databases needs no memory of what was published. */
async function findChain(mirror: Repository, asked: string | undefined): Promise<Chain> {
  const tagged = await mirror.resolve('latest');
  const latest = tagged && (await bundleOf(mirror, tagged.digest));
  if (asked === 'none') return { latest, base: undefined, movesLatest: latest === undefined };
  if (asked === undefined) return { latest, base: latest, movesLatest: true };
  const digest = await resolveBase(mirror, asked);
  if (digest === undefined) throw baseMissing(asked);
  return { latest, base: await bundleOf(mirror, digest), movesLatest: digest === tagged?.digest };
}

async function isUnchanged(
  base: ShardedBundle | undefined,
  inputsHash: Digest,
  repository: Repository,
): Promise<boolean> {
  const rebuilds = base?.exportManifest.rebuilds;
  if (base?.exportManifest.inputsHash !== inputsHash || rebuilds === undefined) return false;
  if ((await repository.resolve(rebuilds.manifestDigest)) === undefined) return false;
  return (await repository.statBlob(rebuilds.layerDigest)) !== undefined;
}
