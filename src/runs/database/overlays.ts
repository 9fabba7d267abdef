// The databases of others that the evidence points to (formats.md §12): found, guarded by age, opened.

import { ExportError } from '../../core/errors.ts';
import { collectionParts } from '../../evidence/collection.ts';
import { parsePointer, type DatabasePointer } from '../../evidence/database-pointer.ts';
import type { Entry } from '../../evidence/types.ts';
import { overlayRows } from '../../profiles/database/overlay.ts';
import type { DatabaseRow, LeaveOut } from '../../profiles/database/row.ts';
import { parseDuration } from '../duration.ts';
import type { StatePlan } from '../plan-state.ts';
import type { Profile } from '../profile-document.ts';
import type { RunContext } from '../run-context.ts';

export type OverlayPointer = { readonly source: string; readonly pointer: DatabasePointer };

/** What the records of `format` in the state point to, in order of their sources. */
export async function overlaysOf(
  format: string,
  { collections, sequence, scoped }: StatePlan,
  { reader }: RunContext,
): Promise<OverlayPointer[]> {
  if (!Object.keys(collections).some((c) => collectionParts(c).format === format)) return [];
  const found: Entry[] = [];
  for await (const page of reader.entries('record', sequence)) {
    found.push(...page.filter((entry) => collectionParts(entry.c).format === format && scoped.filter(entry)));
  }
  const bodies = await reader.bodiesByDigest(found.map(({ digest }) => digest));
  return found.map(({ c, digest }) => ({
    source: collectionParts(c).source,
    pointer: parsePointer((bodies.get(digest) as Buffer).toString('utf8')),
  }));
}

/**
 * Throws ERR_EXPORT_STALE for a database that is older than the profile allows: fresh evidence of our own must not hide
 * that everything else has stood still.
 */
export function guardOverlays({ maxAge, name }: Profile, overlays: readonly OverlayPointer[], now: Date): void {
  const maxAgeMs = maxAge === undefined ? undefined : parseDuration(maxAge);
  if (maxAgeMs === undefined) return;
  for (const { source, pointer } of overlays) {
    const updatedAt = pointer.metadata?.updatedAt ?? '';
    if (now.getTime() - Date.parse(updatedAt) <= maxAgeMs) continue;
    throw new ExportError(
      'ERR_EXPORT_STALE',
      `the database ${source} (${pointer.format}) is of ${updatedAt || 'an unknown time'}, older than ${name} allows (${maxAge})`,
      { hint: 'ingest a newer one, or put a profile revision with another maxAge' },
    );
  }
}

/** The rows of an overlay; what its original had and we have not is told to `leaveOut`. */
export function openOverlay(
  { pointer }: OverlayPointer,
  context: RunContext,
  leaveOut?: LeaveOut,
): AsyncIterable<readonly DatabaseRow[]> {
  for (const { code, count } of pointer.leftOut) leaveOut?.(code, count);
  return overlayRows(context.repository(pointer.shards.repository), pointer.shards.digest);
}
