// What must hold in a registry's folder at every moment, however its process ended: a visible file has the digest in its
// name, and whatever a tag names is there with everything below it and with its referrers.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { glob, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { systemClock } from '../../src/core/clock.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { childrenOf, parseManifest } from '../../src/oci/manifest.ts';
import { manifestMediaTypes } from '../../src/oci/media-types.ts';
import type { RepositoryReader } from '../../src/oci/repository.ts';
import { openDiskStorage } from '../../src/registry/storage/disk-storage.ts';

/** Tags with their digests, by repository. Throws an AssertionError that names what is not whole. */
export async function assertWholeRegistry(folder: string): Promise<Map<string, Map<string, string>>> {
  for await (const path of glob(`${folder}/blobs/sha256/*/*`)) {
    const hex = createHash('sha256').update(await readFile(path));
    assert.equal(hex.digest('hex'), basename(path), 'a visible file has other bytes than its name says');
  }
  const storage = await openDiskStorage(folder, { clock: systemClock });
  const found = new Map<string, Map<string, string>>();
  for (const name of await storage.repositories()) {
    const tags = new Map<string, string>();
    for (const tag of await storage.repository(name).tags()) {
      const root = await storage.repository(name).resolve(tag);
      assert.ok(root, `${name}:${tag} names something`);
      await assertWhole(storage.repository(name), root, new Set());
      tags.set(tag, root.digest);
    }
    found.set(name, tags);
  }
  return found;
}

/** Reads a manifest and everything below it, and the referrers of each; every byte is checked against its digest. */
export async function assertWhole(repository: RepositoryReader, root: Descriptor, seen: Set<string>): Promise<void> {
  if (seen.has(root.digest)) return;
  seen.add(root.digest);
  const stored = await repository.manifest(root.digest);
  assert.ok(stored, `${repository.name} has ${root.digest}`);
  for (const child of childrenOf(parseManifest(stored.bytes, stored.descriptor.mediaType))) {
    if (manifestMediaTypes.includes(child.mediaType)) {
      await assertWhole(repository, child, seen);
    } else {
      for await (const _ of repository.openBlob(child));
    }
  }
  for (const referrer of await repository.referrers(root.digest)) await assertWhole(repository, referrer, seen);
}
