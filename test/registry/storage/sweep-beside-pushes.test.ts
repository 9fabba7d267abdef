// The sweep and pushes of the very content that it is about to remove, at the same time, in two storages on one folder
// as two processes would have them.

import assert from 'node:assert/strict';
import { glob, stat, utimes } from 'node:fs/promises';
import { it } from 'node:test';
import { systemClock } from '../../../src/core/clock.ts';
import { childrenOf, parseManifest } from '../../../src/oci/manifest.ts';
import { openDiskStorage } from '../../../src/registry/storage/disk-storage.ts';
import type { StoredRepository } from '../../../src/registry/storage/storage.ts';
import { sweep } from '../../../src/registry/storage/sweep.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { pushArtifact } from './artifacts.ts';

const artifacts = 12;
const rounds = 4;

async function makeOld(folder: string): Promise<void> {
  const old = new Date(Date.now() - 3 * 60 * 60_000);
  for await (const path of glob(`${folder}/**`)) if ((await stat(path)).isFile()) await utimes(path, old, old);
}

async function pushWhole(repository: StoredRepository, text: string): Promise<void> {
  const manifest = await pushArtifact(repository, text, { tags: [text] });
  const stored = await repository.manifest(text);
  assert.deepEqual(stored?.bytes, manifest.bytes);
}

it('a sweep takes nothing that a push beside it relies on', async (t) => {
  const folder = await temporaryFolder(t, 'beside');
  const clock = systemClock;
  const [pushing, sweeping] = [await openDiskStorage(folder, { clock }), await openDiskStorage(folder, { clock })];
  const repository = pushing.repository('default/beside');
  const names = Array.from({ length: artifacts }, (_, i) => `artifact-${i}`);
  for (let round = 0; round < rounds; round++) {
    for (const name of names) await pushWhole(repository, name);
    for (const name of names) await repository.deleteTag(name);
    await makeOld(folder);
    const swept = sweep(sweeping, { clock });
    for (const name of round % 2 === 0 ? names : names.toReversed()) await pushWhole(repository, name);
    assert.deepEqual((await swept).skipped, []);
    for (const name of names) {
      const stored = await repository.manifest(name);
      assert.ok(stored, `${name} is there after the sweep`);
      for (const child of childrenOf(parseManifest(stored.bytes, stored.descriptor.mediaType))) {
        assert.equal(await repository.statBlob(child.digest), child.size);
      }
    }
  }
});
