// Stops a run on suspicious evidence before a tag moves (design.md): a state that lost too many records since the last
// success, or whose newest record is too old. Names the collection, and goes on only with an explicit acceptance.

import { ExportError } from '../core/errors.ts';
import type { CollectionCounts, StateFacts } from '../db/states.ts';
import type { Profile } from './profile-document.ts';
import { parseDuration } from './duration.ts';

const defaultMaxShrink = 0.2;

/** A collection smaller than this may shrink by any share as long as the whole state does not. */
const smallCollection = 100;

/** Records, and how many of them in each collection or bucket. */
export type Counted = Pick<StateFacts, 'records' | 'collections'>;

export type GuardInput = {
  readonly profile: Profile;
  readonly state: StateFacts;
  /** What the profile published last. */
  readonly last: StateFacts | undefined;
  readonly acceptShrink: boolean;
  readonly now: Date;
};

/** Throws ERR_EXPORT_SHRUNK or ERR_EXPORT_STALE. */
export function guardState({ profile, state, last, acceptShrink, now }: GuardInput): void {
  if (last && !acceptShrink) guardShrink(profile, state, last);
  guardAge(profile, state, now);
}

/** Throws ERR_EXPORT_STALE. */
export function guardAge(profile: Profile, state: StateFacts, now: Date): void {
  const maxAgeMs = profile.maxAge === undefined ? undefined : parseDuration(profile.maxAge);
  if (maxAgeMs !== undefined && now.getTime() - Date.parse(state.created) > maxAgeMs) {
    throw new ExportError(
      'ERR_EXPORT_STALE',
      `the newest record of ${Object.keys(state.collections).join(', ') || 'the empty state'} is of ${state.created}, older than ${profile.name} allows (${profile.maxAge})`,
      { hint: 'ingest newer evidence, or put a profile revision with another maxAge' },
    );
  }
}

/** Throws ERR_EXPORT_SHRUNK that names what lost most. */
export function guardShrink(profile: Profile, state: Counted, last: Counted): void {
  const share = profile.maxShrink ?? defaultMaxShrink;
  const lost = (from: number, to: number): boolean => from - to > share * from;
  const losses = lossesOf(last.collections, state.collections);
  const offending = losses.filter(({ before, after }) => before >= smallCollection && lost(before, after));
  if (offending.length === 0 && !lost(last.records, state.records)) return;
  const { collection, before, after } = greatest(offending.length > 0 ? offending : losses);
  throw new ExportError(
    'ERR_EXPORT_SHRUNK',
    `${collection} fell from ${before} to ${after} records since the last export (all: ${last.records} to ${state.records}); ${profile.name} allows a loss of ${share * 100} %`,
    { hint: 'check the source; if the loss is right, run again with --accept-shrink' },
  );
}

type Loss = { readonly collection: string; readonly before: number; readonly after: number };

function lossesOf(before: CollectionCounts, after: CollectionCounts): Loss[] {
  return Object.entries(before).map(([collection, count]) => {
    return { collection, before: count, after: after[collection] ?? 0 };
  });
}

function greatest(losses: readonly Loss[]): Loss {
  const none: Loss = { collection: 'nothing', before: 0, after: 0 };
  return losses.reduce((worst, loss) => (loss.before - loss.after > worst.before - worst.after ? loss : worst), none);
}
