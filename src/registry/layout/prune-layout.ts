// Removing what a layout no longer needs: everything that cannot be reached from a named entry of index.json, from an
// unnamed one that is no referrer, or from what the caller keeps; a referrer lives as long as its subject.

import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isDigest, type Digest } from '../../core/digest.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { listFolder, statOptionalFile, syncFolder } from '../storage/durable-file.ts';
import { onDisk } from '../storage/storage-error.ts';
import type { LayoutFiles } from './layout-files.ts';
import { readLayoutIndex, writeLayoutIndex, type LayoutEntry } from './layout-index.ts';
import { layoutManifestFacts, readLayoutManifest } from './layout-manifests.ts';

export type PruneResult = { readonly blobs: number; readonly bytes: number };

export async function pruneLayout(files: LayoutFiles, keep: ReadonlySet<Digest>): Promise<PruneResult> {
  const index = await readLayoutIndex(files.dir);
  const { live, entries } = await findLive(files, index.entries, keep);
  // Names go before content: a crash in between leaves too much, never too little.
  if (entries.length !== index.entries.length) await writeLayoutIndex(files.dir, files.ingest, { ...index, entries });
  return removeOthers(files, live);
}

async function findLive(
  files: LayoutFiles,
  entries: readonly LayoutEntry[],
  keep: ReadonlySet<Digest>,
): Promise<{ live: Set<Digest>; entries: LayoutEntry[] }> {
  const live = new Set<Digest>();
  let waiting: { entry: LayoutEntry; subject: Digest }[] = [];
  const kept = new Set<LayoutEntry>();
  for (const digest of keep) await follow(files, digest, undefined, live);
  for (const entry of entries) {
    const subject = entry.tag === undefined ? await subjectOf(files, entry.descriptor) : undefined;
    if (subject !== undefined) {
      waiting.push({ entry, subject });
      continue;
    }
    kept.add(entry);
    await follow(files, entry.descriptor.digest, entry.descriptor.mediaType, live);
  }
  // A referrer may have referrers of its own, listed in any order.
  for (let found = true; found;) {
    const ready = waiting.filter(({ entry, subject }) => live.has(subject) || live.has(entry.descriptor.digest));
    waiting = waiting.filter((candidate) => !ready.includes(candidate));
    found = ready.length > 0;
    for (const { entry } of ready) {
      kept.add(entry);
      await follow(files, entry.descriptor.digest, entry.descriptor.mediaType, live);
    }
  }
  return { live, entries: entries.filter((entry) => kept.has(entry)) };
}

async function subjectOf(files: LayoutFiles, { digest, mediaType }: Descriptor): Promise<Digest | undefined> {
  const stored = await readLayoutManifest(files, digest, mediaType);
  return stored && layoutManifestFacts(stored).referrer?.subject;
}

/** Marks a manifest and what it consists of. */
async function follow(
  files: LayoutFiles,
  digest: Digest,
  mediaType: string | undefined,
  live: Set<Digest>,
): Promise<void> {
  if (live.has(digest)) return;
  live.add(digest);
  const stored = await readLayoutManifest(files, digest, mediaType);
  for (const need of stored ? layoutManifestFacts(stored).needs : []) {
    if (need.kind === 'manifest') await follow(files, need.digest, undefined, live);
    else live.add(need.digest);
  }
}

async function removeOthers(files: LayoutFiles, live: ReadonlySet<Digest>): Promise<PruneResult> {
  let blobs = 0;
  let bytes = 0;
  for (const algorithm of ['sha256', 'sha512']) {
    const folder = join(files.dir, 'blobs', algorithm);
    const before = blobs;
    for (const name of await listFolder(folder)) {
      const digest = `${algorithm}:${name}`;
      if (!isDigest(digest) || live.has(digest)) continue;
      bytes += (await statOptionalFile(join(folder, name)))?.size ?? 0;
      await onDisk('removing a blob', () => unlink(join(folder, name)));
      blobs++;
    }
    if (blobs > before) await syncFolder(folder);
  }
  return { blobs, bytes };
}
