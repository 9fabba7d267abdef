// The plan of an export: the newest state in the profile's scope, guarded, and what the chain named before.

import { canonicalJson } from '../core/canonical-json.ts';
import { digestOf, isDigest, type Digest } from '../core/digest.ts';
import { ExportError } from '../core/errors.ts';
import { lastPublished, publishedState, type PublishedState } from '../db/states.ts';
import { parseReference } from '../oci/reference.ts';
import type { Repository } from '../oci/repository.ts';
import { chunkerFacts, encoderFacts, type HeadFields, type SourceRow } from '../profiles/sharded/documents.ts';
import type { View } from '../evidence/types.ts';
import { guardState } from './guard.ts';
import { planState, type StatePlan } from './plan-state.ts';
import type { Profile } from './profile-document.ts';
import type { RunContext, RunTask } from './run-context.ts';

export type ExportPlan = {
  readonly profile: Profile;
  readonly repository: Repository;
  readonly state: StatePlan;
  readonly head: HeadFields;
  /** What `latest` names, if this database knows its state. */
  readonly latest: PublishedState | undefined;
  /** What the new bundle continues. */
  readonly base: PublishedState | undefined;
  /** The bundle of this very state and revision, which needs no new one. */
  readonly unchanged: PublishedState | undefined;
  /** Whether `latest` moves to the result. */
  readonly movesLatest: boolean;
};

/** The records that a profile exports: documents as they came, or in canonical form. */
export function viewOf({ kind }: Profile): View {
  return kind === 'json:raw' ? 'raw' : 'record';
}

/** Throws ERR_EXPORT_SHRUNK, ERR_EXPORT_STALE and ERR_EXPORT_BASE_MISSING before anything is written. */
export async function planExport(profile: Profile, task: RunTask, context: RunContext): Promise<ExportPlan> {
  const view = viewOf(profile);
  const state = await planState(context, view, profile.scope);
  const repository = context.repository(profile.repository);
  const { latest, base, movesLatest } = await findBase(profile, repository, task.request.base, context);
  guardState({
    profile,
    state,
    // What consumers have, not what an export that failed or stands beside the chain was allowed to lose.
    last: latest ?? (await lastPublished(context.db, context.tenant, profile.name)),
    acceptShrink: task.request.acceptShrink === true,
    now: context.clock.now(),
  });
  const isSame = base?.setRoot === state.setRoot && base.revision === profile.revision;
  return {
    profile,
    repository,
    state,
    head: await headOf(profile, state, context),
    latest,
    base,
    unchanged: isSame ? base : undefined,
    movesLatest,
  };
}

type Base = Pick<ExportPlan, 'latest' | 'base' | 'movesLatest'>;

async function findBase(
  profile: Profile,
  repository: Repository,
  asked: string | undefined,
  context: RunContext,
): Promise<Base> {
  const tagged = await repository.resolve('latest');
  const latest = tagged && (await known(profile, tagged.digest, context));
  // A chain that is intact keeps its tag: a layout without history stands beside it.
  const hasChain = profile.kind !== 'json:raw';
  if (asked === 'none') return { latest, base: undefined, movesLatest: latest === undefined || !hasChain };
  if (asked === undefined) {
    if (tagged && !latest && hasChain) throw baseMissing(`${repository.name}:latest (${tagged.digest})`);
    return { latest, base: latest, movesLatest: true };
  }
  const digest = await resolveBase(repository, asked);
  const base = digest && (await known(profile, digest, context));
  if (!base) throw baseMissing(asked);
  return { latest, base, movesLatest: latest?.digest === base.digest || !hasChain };
}

function known(profile: Profile, digest: Digest, context: RunContext): Promise<PublishedState | undefined> {
  return publishedState(context.db, context.tenant, profile.repository, digest);
}

/** A digest, a tag of the repository, or a reference whose tag or digest counts. */
export async function resolveBase(repository: Repository, asked: string): Promise<Digest | undefined> {
  if (isDigest(asked)) return asked;
  if (!asked.includes('/')) return (await repository.resolve(asked))?.digest;
  const { digest, tag } = parseReference(asked);
  return digest ?? (await repository.resolve(tag ?? 'latest'))?.digest;
}

export function baseMissing(asked: string): ExportError {
  return new ExportError('ERR_EXPORT_BASE_MISSING', `the base ${asked} is not a state that this database knows`, {
    hint: 'start a new chain with `export-center run mirror:full --base none`, or restore the database that made the base',
  });
}

async function headOf(profile: Profile, state: StatePlan, context: RunContext): Promise<HeadFields> {
  const { setRoot, records, created } = state;
  const { name, kind, revision } = profile;
  const policyVersion = null;
  const inputs = { policyVersion, profile: revision, setRoot, encoder: encoderFacts, chunker: chunkerFacts };
  return {
    profile: { name, kind, revision },
    scope: profile.scope as HeadFields['scope'],
    state: { setRoot, records, created },
    leftOut: [],
    sources: await sourcesOf(state, context),
    inputsHash: digestOf(canonicalJson(inputs)),
    policyVersion,
  };
}

/** The sources that have records in the state, with what their licences ask to be said. */
export async function sourcesOf(
  { collections }: Pick<StatePlan, 'collections'>,
  context: RunContext,
): Promise<SourceRow[]> {
  const names = new Set(Object.keys(collections).map((collection) => collection.split('/')[1] as string));
  const known = new Map((await context.attributions()).map((row) => [row.source, row]));
  return [...names].sort().map((source) => {
    const { licence, attribution } = known.get(source) ?? {};
    return { source, ...(licence ? { licence } : {}), ...(attribution ? { attribution } : {}) };
  });
}
