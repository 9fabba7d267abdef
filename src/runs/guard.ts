// Stops a run on suspicious evidence before a tag moves (design.md): a state that lost too many records since the last
// success, or whose newest record is too old. Names the collection, and goes on only with an explicit acceptance.

import { ExportError } from '../core/errors.ts';
import type { CollectionCounts, StateFacts } from '../db/states.ts';
import type { Profile } from './profile-document.ts';
import { parseDuration } from './duration.ts';

const defaultMaxShrink = 0.2;

/** A collection smaller than this may shrink by any share as long as the whole state does not. */
const smallCollection = 100;

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
  const maxAgeMs = profile.maxAge === undefined ? undefined : parseDuration(profile.maxAge);
  if (maxAgeMs !== undefined && now.getTime() - Date.parse(state.created) > maxAgeMs) {
    throw new ExportError(
      'ERR_EXPORT_STALE',
      `the newest record of ${Object.keys(state.collections).join(', ') || 'the empty state'} is of ${state.created}, older than ${profile.name} allows (${profile.maxAge})`,
      { hint: 'ingest newer evidence, or put a profile revision with another maxAge' },
    );
  }
}

function guardShrink(profile: Profile, state: StateFacts, last: StateFacts): void {
  const share = profile.maxShrink ?? defaultMaxShrink;
  const worst = worstCollection(last.collections, state.collections);
  const isTotal = last.records - state.records > share * last.records;
  const isCollection = worst.before >= smallCollection && worst.before - worst.after > share * worst.before;
  if (!isTotal && !isCollection) return;
  throw new ExportError(
    'ERR_EXPORT_SHRUNK',
    `${worst.collection} fell from ${worst.before} to ${worst.after} records since the last export (all: ${last.records} to ${state.records}); ${profile.name} allows a loss of ${share * 100} %`,
    { hint: 'check the source; if the loss is right, run again with --accept-shrink' },
  );
}

function worstCollection(
  before: CollectionCounts,
  after: CollectionCounts,
): { collection: string; before: number; after: number } {
  let worst = { collection: 'nothing', before: 0, after: 0 };
  for (const [collection, count] of Object.entries(before)) {
    const now = after[collection] ?? 0;
    if (count - now > worst.before - worst.after) worst = { collection, before: count, after: now };
  }
  return worst;
}
