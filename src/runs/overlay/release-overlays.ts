// Overlays that the evidence names no more lose their tags, and the sweep collects their shards. Beside ingests without a
// lock: whoever finds at the end that the other side did not know of it puts the tag back (see ingest-database.ts).

import { allPointers, hasRunAtWork } from '../../db/database-pointers.ts';
import type { Database } from '../../db/database.ts';
import type { Repository } from '../../oci/repository.ts';
import { overlayTag } from '../../profiles/database/overlay.ts';

/** Releases what is not pointed to; nothing while a run is at work, which may read it. */
export async function releaseOverlays(overlays: Repository, db: Database, tenant: string): Promise<void> {
  const tags = await overlays.tags();
  const named = await namedTags(db, tenant);
  const idle = tags.filter((tag) => tag.startsWith('o-') && !named.has(tag));
  if (idle.length === 0 || (await hasRunAtWork(db, tenant))) return;
  for (const tag of idle) {
    const index = await overlays.manifest(tag);
    await overlays.deleteTag(tag);
    const isNamedNow = (await namedTags(db, tenant)).has(tag);
    if (index && isNamedNow) await overlays.pushManifest(index, [tag]);
  }
}

async function namedTags(db: Database, tenant: string): Promise<Set<string>> {
  return new Set((await allPointers(db, tenant)).map(({ shards }) => overlayTag(shards.digest)));
}
