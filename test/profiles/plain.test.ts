// The plain encoding (docs/formats.md §13) as a transformation: what it changes, what it keeps, the way back, and what is
// refused on it.

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { digestOf, type Digest } from '../../src/core/digest.ts';
import {
  imageIndex,
  imageManifest,
  parseManifest,
  type ImageIndex,
  type ImageManifest,
  type StoredManifest,
} from '../../src/oci/manifest.ts';
import { manifestsOf, plainBundle, rootOf, type ShardedBundle } from '../../src/profiles/sharded/compose.ts';
import { fromPlain, fromPlainDelta, plainOfDigest, toPlainDelta } from '../../src/profiles/sharded/plain.ts';
import { readBundle } from '../../src/profiles/sharded/read.ts';
import { feed, openTestCenter, put, tenant } from '../support/center.ts';

const imageConfig = 'application/vnd.oci.image.config.v1+json';

/** A mirror of two states, with base and journal, and the delta that led to it. */
async function published(t: TestContext): Promise<{ bundle: ShardedBundle; delta: StoredManifest }> {
  const center = await openTestCenter(t);
  await center.ingest(feed('go', 30));
  await center.succeed('mirror:delta');
  await center.ingest([put('go', 'GO-2026-0001', { note: 'changed' })]);
  const { digest } = await center.succeed('mirror:full');
  const { digest: deltaDigest } = await center.succeed('mirror:delta');
  const repository = (await center.center.registryStorage()).repository(`${tenant}/mirror`);
  const index = await repository.manifest(digest);
  const delta = await repository.manifest(deltaDigest);
  assert.ok(index && delta);
  return { bundle: await readBundle(repository, index), delta };
}

const imageOf = ({ bytes, descriptor }: StoredManifest): ImageManifest =>
  parseManifest(bytes, descriptor.mediaType) as ImageManifest;
const indexOf = ({ bytes, descriptor }: StoredManifest): ImageIndex =>
  parseManifest(bytes, descriptor.mediaType) as ImageIndex;

describe('the plain encoding of a bundle', () => {
  it('has image types alone, the same blobs, and the old configs as first layers', async (t) => {
    const { bundle } = await published(t);
    const { plain } = plainBundle(bundle);
    const before = manifestsOf(bundle).slice(0, -1);
    assert.equal(plain.manifests.length, before.length);
    for (const [at, stored] of plain.manifests.entries()) {
      const was = imageOf(before[at] as StoredManifest);
      const now = imageOf(stored);
      assert.equal(now.artifactType, undefined);
      assert.equal(now.config.mediaType, imageConfig);
      assert.deepEqual(
        now.layers.map(({ digest, size, annotations }) => ({ digest, size, annotations })),
        [was.config, ...was.layers].map(({ digest, size, annotations }) => ({ digest, size, annotations })),
      );
      for (const { mediaType } of now.layers) assert.match(mediaType, /^application\/vnd\.oci\.image\.layer\.v1\.tar/);
      const config = plain.configs.find(({ descriptor }) => descriptor.digest === now.config.digest);
      assert.deepEqual(JSON.parse(config?.bytes.toString() ?? ''), {
        architecture: 'unknown',
        config: {},
        os: 'unknown',
        rootfs: { type: 'layers', diff_ids: now.layers.map(({ digest }) => digest) },
      });
    }
    const index = indexOf(plain.index);
    assert.equal(index.artifactType, undefined);
    assert.equal(index.annotations?.['vnd.export-center.encoding'], 'plain.v1');
    assert.equal(index.annotations['vnd.export-center.digest'], bundle.index.descriptor.digest);
    assert.equal(plainOfDigest(plain.index), bundle.index.descriptor.digest);
    assert.equal(plainOfDigest(bundle.index), undefined);
    assert.equal(rootOf(plainBundle(bundle)).descriptor.digest, plain.index.descriptor.digest);
  });

  it('leads back to the very bytes', async (t) => {
    const { bundle, delta } = await published(t);
    const { plain } = plainBundle(bundle);
    const back = fromPlain(plain.index, plain.manifests);
    assert.ok(back.index.bytes.equals(bundle.index.bytes));
    assert.deepEqual(
      back.manifests.map(({ bytes }) => bytes.toString()),
      manifestsOf(bundle)
        .slice(0, -1)
        .map(({ bytes }) => bytes.toString()),
    );
    const plainDelta = toPlainDelta(delta, plain.index.descriptor.digest);
    const found = fromPlainDelta(plainDelta.index);
    assert.equal(found?.target, plain.index.descriptor.digest);
    assert.deepEqual(found.delta, imageOf(delta));
    assert.equal(fromPlainDelta(delta), undefined);
  });

  it('is refused when anything in it was changed', async (t) => {
    const { bundle, delta } = await published(t);
    const { plain } = plainBundle(bundle);
    const index = indexOf(plain.index);
    const { schemaVersion: _v, mediaType: _m, ...fields } = index;
    const other: Digest = digestOf('another');
    const withAnnotation = (name: string, value: string): StoredManifest =>
      imageIndex({ ...fields, annotations: { ...fields.annotations, [name]: value } });
    const head = imageOf(plain.manifests.at(-1) as StoredManifest);
    const { schemaVersion: _sv, mediaType: _mt, ...headFields } = head;
    const swapped = imageManifest({ ...headFields, layers: head.layers.toReversed() });
    const cases: readonly (readonly [string, StoredManifest, readonly StoredManifest[]])[] = [
      ['another digest', withAnnotation('vnd.export-center.digest', other), plain.manifests],
      ['another type', withAnnotation('vnd.export-center.artifact-type', 'application/x'), plain.manifests],
      ['one annotation more', withAnnotation('note', 'x'), plain.manifests],
      ['another order of layers', plain.index, [...plain.manifests.slice(0, -1), swapped]],
      ['a child less', plain.index, plain.manifests.slice(1)],
      ['an index as a child', plain.index, [plain.index]],
    ];
    for (const [what, changed, children] of cases) {
      assert.throws(() => fromPlain(changed, children), { code: 'VERIFICATION_FAILED' }, what);
    }
    const plainDelta = imageOf(toPlainDelta(delta, other).index);
    const { schemaVersion: _dv, mediaType: _dm, ...deltaFields } = plainDelta;
    const shorter = imageManifest({ ...deltaFields, layers: deltaFields.layers.slice(0, 1) });
    assert.throws(() => fromPlainDelta(shorter), { code: 'VERIFICATION_FAILED' });
  });
});
