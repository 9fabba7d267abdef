// Moves the names of a folder to a new state and lets go of the oldest: the last two states are kept. Names move in one
// write of index.json after everything else is there, and content goes after its names.

import type { Digest } from '../core/digest.ts';
import { parseManifest, type StoredManifest } from '../oci/manifest.ts';
import { annotationNames, manifestMediaTypes } from '../oci/media-types.ts';
import type { LayoutRepository } from '../registry/layout/layout-repository.ts';
import { readBundle } from '../profiles/sharded/read.ts';
import { isDatabaseStateTag } from './database-tags.ts';
import { isShardedManifest } from './fetch-artifact.ts';
import type { MirrorFolder } from './mirror-folder.ts';
import { isStateTag, stateTag, subjectOfTag } from './state-tags.ts';

const keptStates = 2;

export type Publication = {
  readonly manifest: StoredManifest;
  /** Absent when a digest was pulled: then the state's own tag is its only name. */
  readonly tag: string | undefined;
  readonly reference: string;
};

export async function publishState(folder: MirrorFolder, { manifest, tag, reference }: Publication): Promise<void> {
  const { layout } = folder;
  const { digest } = manifest.descriptor;
  const before = tag === undefined ? undefined : await layout.resolve(tag);
  const state = await folder.state();
  const order = new Set([digest, ...(before ? [before.digest] : []), ...(state?.states ?? [])]);
  const kept: Digest[] = [];
  for (const candidate of order) {
    const stored = candidate === digest ? manifest : await layout.manifest(candidate);
    if (stored === undefined || kept.length === keptStates) continue;
    kept.push(candidate);
    // The older state loses the moving tag in a moment, so it gets a name of its own first.
    if (candidate !== digest) await layout.pushManifest(stored, [stateTagOf(stored)]);
  }
  await layout.pushManifest(manifest, [stateTagOf(manifest), ...(tag === undefined ? [] : [tag])]);
  const lasting = tag ?? state?.tag;
  await folder.remember({ reference, states: kept, ...(lasting === undefined ? {} : { tag: lasting }) });
  await retireOthers(layout, kept);
  await folder.clearDownloads();
}

/** The state tag of a manifest, by what it says of itself. */
export function stateTagOf({ bytes, descriptor }: StoredManifest): string {
  if (!manifestMediaTypes.includes(descriptor.mediaType)) return stateTag(descriptor.digest);
  const { annotations } = parseManifest(bytes, descriptor.mediaType);
  return stateTag(descriptor.digest, annotations?.[annotationNames.created]);
}

async function retireOthers(layout: LayoutRepository, kept: readonly Digest[]): Promise<void> {
  for (const { tag, descriptor } of await layout.roots()) {
    if (tag !== undefined && isStateTag(tag) && !kept.includes(descriptor.digest)) await layout.deleteTag(tag);
  }
  await retireDatabases(layout, kept);
  await layout.prune();
  let orphans = 0;
  for (const tag of await layout.tags()) {
    const subject = subjectOfTag(tag);
    if (subject === undefined || (await layout.statBlob(subject)) !== undefined) continue;
    await layout.deleteTag(tag);
    orphans++;
  }
  if (orphans > 0) await layout.prune();
}

/** Databases that no kept mirror makes lose the names of their states, and then, unless something else has it, go. */
async function retireDatabases(layout: LayoutRepository, kept: readonly Digest[]): Promise<void> {
  const tags = (await layout.tags()).filter(isDatabaseStateTag);
  if (tags.length === 0) return;
  const made = new Set<Digest | undefined>();
  for (const digest of kept) {
    const stored = await layout.manifest(digest);
    if (stored && isShardedManifest(stored))
      made.add((await readBundle(layout, stored)).exportManifest.rebuilds?.manifestDigest);
  }
  for (const tag of tags) if (!made.has((await layout.resolve(tag))?.digest)) await layout.deleteTag(tag);
}
