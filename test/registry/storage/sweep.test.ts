// What the sweep takes and what it leaves. Time is moved by the clock that the storage is given.

import assert from 'node:assert/strict';
import { beforeEach, describe, it, type TestContext } from 'node:test';
import { digestHex } from '../../../src/core/digest.ts';
import type { StoredManifest } from '../../../src/oci/manifest.ts';
import { openDiskStorage } from '../../../src/registry/storage/disk-storage.ts';
import type { RegistryStorage, StoredRepository } from '../../../src/registry/storage/storage.ts';
import { sweep, type SweepOptions } from '../../../src/registry/storage/sweep.ts';
import { skipWithout } from '../../judges.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { bucketForSuite } from './s3/open-bucket.ts';
import { layerOf, pushArtifact, pushIndex } from './artifacts.ts';

const hourMs = 60 * 60_000;

let aheadMs = 0;
const clock = { now: () => new Date(Date.now() + aheadMs) };

type Opened = { readonly storage: RegistryStorage; readonly repository: StoredRepository };

type Open = (t: TestContext) => Promise<RegistryStorage>;

async function opened(open: Open, t: TestContext): Promise<Opened> {
  const storage = await open(t);
  return { storage, repository: storage.repository('default/mirror') };
}

/** Lets everything grow old and sweeps. */
function sweepLater(storage: RegistryStorage, options: Partial<SweepOptions> = {}): ReturnType<typeof sweep> {
  aheadMs += 3 * hourMs;
  return sweep(storage, { clock, ...options });
}

async function holds(
  repository: StoredRepository,
  manifest: StoredManifest,
  text: string,
): Promise<[boolean, boolean]> {
  const stored = await repository.manifest(manifest.descriptor.digest);
  const blob = await repository.readBlob(layerOf(text).digest);
  await blob?.close();
  return [stored !== undefined, blob !== undefined];
}

function tagOf(manifest: StoredManifest, ending = ''): string {
  return `sha256-${digestHex(manifest.descriptor.digest)}${ending}`;
}

function sweepSuite(open: Open): void {
  describe('the sweep', { concurrency: 1 }, () => {
    beforeEach(() => void (aheadMs = 0));

    it('leaves what is tagged, with children and content', async (t) => {
      const { storage, repository } = await opened(open, t);
      const child = await pushArtifact(repository, 'child');
      await pushIndex(repository, [child], ['latest']);
      const report = await sweepLater(storage);
      assert.deepEqual(report, { tags: 0, manifests: 0, uploads: 0, blobs: 0, bytes: 0, skipped: [] });
      assert.deepEqual(await holds(repository, child, 'child'), [true, true]);
    });

    it('takes what lost its tag, and counts the bytes', async (t) => {
      const { storage, repository } = await opened(open, t);
      const child = await pushArtifact(repository, 'child');
      const index = await pushIndex(repository, [child], ['latest']);
      await repository.deleteTag('latest');
      const report = await sweepLater(storage);
      const bytes = child.bytes.byteLength + index.bytes.byteLength + 'child'.length + '{}'.length;
      assert.deepEqual(report, { tags: 0, manifests: 2, uploads: 0, blobs: 4, bytes, skipped: [] });
      assert.deepEqual(await holds(repository, child, 'child'), [false, false]);
    });

    it('only counts in a dry run', async (t) => {
      const { storage, repository } = await opened(open, t);
      const manifest = await pushArtifact(repository, 'untagged');
      const report = await sweepLater(storage, { dryRun: true });
      assert.equal(report.manifests, 1);
      assert.equal(report.blobs, 3);
      assert.deepEqual(await holds(repository, manifest, 'untagged'), [true, true]);
      const real = await sweepLater(storage);
      assert.deepEqual([real.manifests, real.blobs, real.bytes], [report.manifests, report.blobs, report.bytes]);
    });

    it('leaves what is younger than the grace, and what somebody asked for within it', async (t) => {
      const { storage, repository } = await opened(open, t);
      const young = await pushArtifact(repository, 'young');
      await sweep(storage, { clock });
      assert.deepEqual(await holds(repository, young, 'young'), [true, true]);
      const alone = layerOf('alone');
      await repository.pushBlob(alone, Buffer.from('alone'));
      aheadMs += 3 * hourMs;
      await repository.resolve(young.descriptor.digest);
      assert.equal(await repository.pushBlob(alone, Buffer.from('alone')), 'present');
      await sweep(storage, { clock });
      assert.deepEqual(await holds(repository, young, 'young'), [true, true]);
      assert.equal(await repository.statBlob(alone.digest), 5);
    });

    it('leaves what is pinned', async (t) => {
      const { storage, repository } = await opened(open, t);
      const pinned = await pushArtifact(repository, 'pinned');
      const keep = (name: string, { digest }: { digest: string }): boolean =>
        name === 'default/mirror' && digest === pinned.descriptor.digest;
      assert.equal((await sweepLater(storage, { keep })).manifests, 0);
      assert.equal((await sweepLater(storage)).manifests, 1);
    });

    it('lets referrers live and die with their subject, recursively', async (t) => {
      const { storage, repository } = await opened(open, t);
      const subject = await pushArtifact(repository, 'subject', { tags: ['latest'] });
      const signature = await pushArtifact(repository, 'signature', { subject });
      const note = await pushArtifact(repository, 'note on the signature', { subject: signature });
      assert.equal((await sweepLater(storage)).manifests, 0);
      await repository.deleteTag('latest');
      assert.equal((await sweepLater(storage)).manifests, 3);
      assert.deepEqual(await repository.referrers(subject.descriptor.digest), []);
      assert.deepEqual(await holds(repository, note, 'note on the signature'), [false, false]);
    });

    for (const ending of ['.sig', '.att', '.sbom', '.delta', '']) {
      it(`lets a tag sha256-…${ending} live and die with the manifest that it names`, async (t) => {
        const { storage, repository } = await opened(open, t);
        const subject = await pushArtifact(repository, 'subject', { tags: ['latest'] });
        const attached = await pushArtifact(repository, 'attached', { tags: [tagOf(subject, ending)] });
        assert.deepEqual((await sweepLater(storage)).tags, 0);
        assert.deepEqual(await holds(repository, attached, 'attached'), [true, true]);
        await repository.deleteTag('latest');
        const report = await sweepLater(storage);
        assert.deepEqual([report.tags, report.manifests], [1, 2]);
        assert.deepEqual(await repository.tags(), []);
      });
    }

    it('takes signatures of a manifest that somebody deleted, and leaves those of one that was never here', async (t) => {
      const { storage, repository } = await opened(open, t);
      const subject = await pushArtifact(repository, 'subject', { tags: ['latest'] });
      const elsewhere = await pushArtifact(storage.repository('default/other'), 'elsewhere', { tags: ['latest'] });
      await pushArtifact(repository, 'of the deleted', { tags: [tagOf(subject, '.sig')] });
      await pushArtifact(repository, 'of another', { tags: [tagOf(elsewhere, '.sig')] });
      await pushArtifact(repository, 'referrer of another', { subject: elsewhere });
      await repository.deleteManifest(subject.descriptor.digest);
      const report = await sweepLater(storage);
      assert.deepEqual([report.tags, report.manifests], [1, 1]);
      assert.deepEqual(await repository.tags(), [tagOf(elsewhere, '.sig')]);
      assert.equal((await repository.referrers(elsewhere.descriptor.digest)).length, 1);
    });

    it('leaves content that another repository links to', async (t) => {
      const { storage, repository } = await opened(open, t);
      const other = storage.repository('default/other');
      await pushArtifact(repository, 'shared');
      await pushArtifact(other, 'shared', { tags: ['latest'] });
      assert.equal((await sweepLater(storage)).blobs, 0);
      assert.equal(await repository.statBlob(layerOf('shared').digest), undefined);
      assert.equal(await other.statBlob(layerOf('shared').digest), 6);
    });

    it('drops uploads that were idle for a day', async (t) => {
      const { storage, repository } = await opened(open, t);
      const id = await repository.uploads.start();
      assert.equal((await sweepLater(storage)).uploads, 0);
      aheadMs += 24 * hourMs;
      assert.equal((await sweepLater(storage)).uploads, 1);
      assert.equal(await repository.uploads.size(id), undefined);
    });

    it('touches nothing in a repository with a damaged manifest, and says so', async (t) => {
      const { storage, repository } = await opened(open, t);
      const damaged = await pushArtifact(repository, 'damaged', { tags: ['latest'] });
      await pushArtifact(repository, 'untagged');
      aheadMs += 3 * hourMs;
      assert.ok(await storage.content.discard(damaged.descriptor.digest, clock.now().getTime()));
      const report = await sweepLater(storage);
      assert.deepEqual(
        report.skipped.map((entry) => entry.repository),
        ['default/mirror'],
      );
      assert.deepEqual([report.manifests, report.tags, report.blobs], [0, 0, 0]);
      assert.deepEqual(await repository.tags(), ['latest']);
    });
  });

  describe('an entry of the sweep', () => {
    it('is left alone when it was touched after it was listed', async (t) => {
      aheadMs = 0;
      const { repository } = await opened(open, t);
      const manifest = await pushArtifact(repository, 'touched');
      const name = manifest.descriptor.digest;
      const listed = await repository.parts.manifests.find(name);
      assert.ok(listed);
      assert.equal(await repository.parts.manifests.discard(name, listed.touchedAtMs), false);
      assert.ok(await repository.resolve(name));
      assert.equal(await repository.parts.manifests.discard(name, listed.touchedAtMs + 1), true);
      assert.equal(await repository.resolve(name), undefined);
    });
  });
}

describe('on a disk', () => sweepSuite(async (t) => openDiskStorage(await temporaryFolder(t, 'sweep'), { clock })));

describe('in a bucket', { skip: skipWithout('versitygw') }, () => {
  const bucket = bucketForSuite();
  sweepSuite(() => bucket.open({ clock }));
});
