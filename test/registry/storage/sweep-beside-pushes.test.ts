// The sweep and pushes of the very content that it is about to remove, at the same time, in two storages on one folder
// or bucket as two processes would have them.

import assert from 'node:assert/strict';
import { glob, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../../src/core/clock.ts';
import { childrenOf, parseManifest } from '../../../src/oci/manifest.ts';
import { openDiskStorage } from '../../../src/registry/storage/disk-storage.ts';
import type { RegistryStorage, StoredRepository } from '../../../src/registry/storage/storage.ts';
import { sweep } from '../../../src/registry/storage/sweep.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { skipWithout } from '../../judges.ts';
import { pushArtifact } from './artifacts.ts';
import { bucketForSuite } from './s3/open-bucket.ts';

const artifacts = 12;
const rounds = 4;

async function makeOld(folder: string): Promise<void> {
  // In a bucket a touch is an object of its own, with its time in its name.
  await rm(join(folder, 'touched'), { recursive: true, force: true });
  const old = new Date(Date.now() - 3 * 60 * 60_000);
  for await (const path of glob(`${folder}/**`)) if ((await stat(path)).isFile()) await utimes(path, old, old);
}

async function pushWhole(repository: StoredRepository, text: string): Promise<void> {
  const manifest = await pushArtifact(repository, text, { tags: [text] });
  const stored = await repository.manifest(text);
  assert.deepEqual(stored?.bytes, manifest.bytes);
}

type Place = { readonly folder: string; open: () => Promise<RegistryStorage> };

function sweepBesidePushes(place: (t: TestContext) => Promise<Place>): void {
  it('a sweep takes nothing that a push beside it relies on', async (t) => {
    const { folder, open } = await place(t);
    const names = Array.from({ length: artifacts }, (_, i) => `artifact-${i}`);
    for (let round = 0; round < rounds; round++) {
      const repository = (await open()).repository('default/beside');
      for (const name of names) await pushWhole(repository, name);
      for (const name of names) await repository.deleteTag(name);
      await makeOld(folder);
      // What a process remembers of its touches is as old as everything else.
      const later = (await open()).repository('default/beside');
      const swept = sweep(await open(), { clock: systemClock });
      for (const name of round % 2 === 0 ? names : names.toReversed()) await pushWhole(later, name);
      assert.deepEqual((await swept).skipped, []);
      for (const name of names) {
        const stored = await later.manifest(name);
        assert.ok(stored, `${name} is there after the sweep`);
        for (const child of childrenOf(parseManifest(stored.bytes, stored.descriptor.mediaType))) {
          assert.equal(await later.statBlob(child.digest), child.size);
        }
      }
    }
  });
}

describe('on a disk', () =>
  sweepBesidePushes(async (t) => {
    const folder = await temporaryFolder(t, 'beside');
    return { folder, open: () => openDiskStorage(folder, { clock: systemClock }) };
  }));

describe('in a bucket', { skip: skipWithout('versitygw') }, () => {
  const bucket = bucketForSuite();
  sweepBesidePushes(() =>
    Promise.resolve({ folder: bucket.folder('beside'), open: () => bucket.open({ name: 'beside' }) }),
  );
});
