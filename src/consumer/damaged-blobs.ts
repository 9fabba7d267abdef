// Re-hashes what a layout holds. A blob whose bytes are not those of its name is damaged, whatever made it so.

import { createReadStream } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Digester, isDigest, type Digest } from '../core/digest.ts';
import { compareUtf8 } from '../core/order.ts';
import type { LayoutRepository } from '../registry/layout/layout-repository.ts';

/** Every blob file of the layout that has a digest for a name, sorted. */
export async function blobsOf(layout: LayoutRepository): Promise<Digest[]> {
  const found: Digest[] = [];
  for (const algorithm of ['sha256', 'sha512']) {
    const names = await readdir(join(layout.dir, 'blobs', algorithm)).catch(() => []);
    for (const name of names.sort(compareUtf8)) {
      const digest = `${algorithm}:${name}`;
      if (isDigest(digest)) found.push(digest);
    }
  }
  return found;
}

/** True when the file has the bytes that its name promises. */
export async function isSound(layout: LayoutRepository, digest: Digest): Promise<boolean> {
  const digester = new Digester(digest.startsWith('sha512:') ? 'sha512' : 'sha256');
  try {
    const stream = createReadStream(layout.blobPath(digest), { highWaterMark: 1 << 20 });
    for await (const piece of stream as AsyncIterable<Buffer>) digester.update(piece);
  } catch {
    // A sector that cannot be read, or no file at all.
    return false;
  }
  return digester.digest() === digest;
}

/** Removes damaged blobs, so that they are fetched again. Returns which. */
export async function removeDamaged(layout: LayoutRepository): Promise<Digest[]> {
  const removed: Digest[] = [];
  for (const digest of await blobsOf(layout)) {
    if (await isSound(layout, digest)) continue;
    await rm(layout.blobPath(digest), { force: true });
    removed.push(digest);
  }
  return removed;
}
