// The suite that every implementation of `Repository` (src/oci/repository.ts) passes: disk storage, remote registry,
// layout folder. Expected digests and sizes come from node:crypto and from the test data, never from the code under test.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { parseDigest, type Digest } from '../../src/core/digest.ts';
import { ExportError } from '../../src/core/errors.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { emptyDescriptor, emptyJson, imageIndex, imageManifest, type StoredManifest } from '../../src/oci/manifest.ts';
import { mediaTypes } from '../../src/oci/media-types.ts';
import type { Repository } from '../../src/oci/repository.ts';

export type OpenedRepository = { readonly repository: Repository; close(): Promise<void> };

export type RepositoryConformanceOptions = {
  /** Some registries refuse to delete tags; true by default. */
  readonly deletesTags?: boolean;
  /** Reason to skip all of it, such as a judge that is absent. */
  readonly skip?: string | false;
};

/** Registers the suite; `open` gives an empty repository. */
export function repositoryConformance(
  name: string,
  open: () => Promise<OpenedRepository>,
  { deletesTags = true, skip = false }: RepositoryConformanceOptions = {},
): void {
  describe(`${name} is a repository`, { skip, concurrency: 1 }, () => {
    let opened: OpenedRepository;
    before(async () => void (opened = await open()));
    after(() => opened.close());
    const use = (): Repository => opened.repository;
    blobTests(use);
    manifestTests(use);
    tagTests(use, deletesTags);
    referrerTests(use);
  });
}

function blobTests(use: () => Repository): void {
  it('gives back the bytes of a blob that was pushed, and says whether it was there', async () => {
    const { bytes, descriptor } = sample('a blob');
    assert.equal(await use().statBlob(descriptor.digest), undefined);
    assert.equal(await use().pushBlob(descriptor, bytes), 'written');
    assert.equal(await use().pushBlob(descriptor, bytes), 'present');
    assert.equal(await use().statBlob(descriptor.digest), bytes.byteLength);
    assert.deepEqual(await readAll(use().openBlob(descriptor)), bytes);
  });

  it('takes a blob as a stream, of several megabytes, and reads it from any offset', async () => {
    const bytes = Buffer.alloc(5_000_001, 'export center ');
    const descriptor = descriptorOf(bytes);
    assert.equal(await use().pushBlob(descriptor, () => reusedChunks(bytes, 70_001)), 'written');
    assert.deepEqual(await readAll(use().openBlob(descriptor)), bytes);
    assert.deepEqual(await readAll(use().openBlob(descriptor, 4_999_990)), bytes.subarray(4_999_990));
    assert.deepEqual(await readAll(use().openBlob(descriptor, bytes.byteLength)), Buffer.alloc(0));
  });

  it('keeps a blob without bytes', async () => {
    const descriptor = descriptorOf(Buffer.alloc(0));
    await use().pushBlob(descriptor, () => reusedChunks(Buffer.alloc(0), 1));
    assert.equal(await use().statBlob(descriptor.digest), 0);
    assert.deepEqual(await readAll(use().openBlob(descriptor)), Buffer.alloc(0));
  });

  for (const { fault, given } of [
    { fault: 'other bytes of the same length', given: 'tampered' },
    { fault: 'too few bytes', given: 'short' },
    { fault: 'too many bytes', given: 'original and more' },
  ]) {
    it(`refuses a blob with ${fault}, and shows nothing of it`, async () => {
      const descriptor = descriptorOf(Buffer.from('original'));
      await assert.rejects(use().pushBlob(descriptor, Buffer.from(given)), ExportError);
      await assert.rejects(
        use().pushBlob(descriptor, () => reusedChunks(Buffer.from(given), 3)),
        ExportError,
      );
      assert.equal(await use().statBlob(descriptor.digest), undefined);
    });
  }

  it('shows nothing of a blob whose source failed on the way', async () => {
    const { bytes, descriptor } = sample('breaks off');
    await assert.rejects(use().pushBlob(descriptor, () => failing(bytes.subarray(0, 4))));
    assert.equal(await use().statBlob(descriptor.digest), undefined);
  });

  it('throws NOT_FOUND for a blob that is not there', async () => {
    await assert.rejects(
      readAll(use().openBlob(descriptorOf(Buffer.from('nobody pushed this')))),
      hasCode('NOT_FOUND'),
    );
  });

  it('throws DIGEST_MISMATCH when a blob has another size than the descriptor says', async () => {
    const { bytes, descriptor } = sample('of a certain size');
    await use().pushBlob(descriptor, bytes);
    const wrong = { ...descriptor, size: descriptor.size + 1 };
    await assert.rejects(readAll(use().openBlob(wrong)), hasCode('DIGEST_MISMATCH'));
  });
}

function manifestTests(use: () => Repository): void {
  it('gives back the very bytes of a manifest by tag and by digest', async () => {
    const manifest = await pushArtifact(use(), 'exact');
    assert.equal(await use().pushManifest(manifest, ['exact', 'exact-too']), 'written');
    for (const reference of ['exact', 'exact-too', manifest.descriptor.digest]) {
      assert.deepEqual(core(await use().resolve(reference)), core(manifest.descriptor));
      const stored = await use().manifest(reference);
      assert.deepEqual(stored?.bytes, manifest.bytes);
      assert.deepEqual(core(stored?.descriptor), core(manifest.descriptor));
    }
    assert.equal(await use().pushManifest(manifest, ['exact']), 'present');
  });

  it('answers undefined for tags and digests that it does not know', async () => {
    const unknown = digestOfBytes(Buffer.from('unknown manifest'));
    for (const reference of ['no-such-tag', unknown]) {
      assert.equal(await use().resolve(reference), undefined);
      assert.equal(await use().manifest(reference), undefined);
    }
  });

  it('refuses a manifest whose bytes have another digest, and moves no tag', async () => {
    const { descriptor, bytes } = await pushArtifact(use(), 'tampered manifest');
    const tampered = Buffer.from(bytes);
    tampered[tampered.length - 1] = 0x20;
    await assert.rejects(use().pushManifest({ descriptor, bytes: tampered }, ['tampered-manifest']), ExportError);
    assert.equal(await use().resolve('tampered-manifest'), undefined);
  });

  it('refuses a manifest whose layer is not there, and moves no tag', async () => {
    await use().pushBlob(emptyDescriptor, emptyJson);
    const layer = descriptorOf(Buffer.from('a layer that nobody pushed'));
    const manifest = imageManifest({ artifactType, config: emptyDescriptor, layers: [layer] });
    await assert.rejects(use().pushManifest(manifest, ['incomplete']), ExportError);
    assert.equal(await use().resolve('incomplete'), undefined);
  });

  it('keeps an index of manifests', async () => {
    const children = [await pushArtifact(use(), 'child one'), await pushArtifact(use(), 'child two')];
    for (const child of children) await use().pushManifest(child);
    const index = imageIndex({ artifactType, manifests: children.map((child) => core(child.descriptor)) });
    assert.equal(await use().pushManifest(index, ['indexed']), 'written');
    assert.deepEqual((await use().manifest('indexed'))?.bytes, index.bytes);
    assert.equal((await use().resolve('indexed'))?.mediaType, mediaTypes.ociIndex);
  });
}

function tagTests(use: () => Repository, deletesTags: boolean): void {
  it('moves a tag to another manifest and keeps the first one', async () => {
    const [first, second] = [await pushArtifact(use(), 'first'), await pushArtifact(use(), 'second')];
    await use().pushManifest(first, ['moving']);
    await use().pushManifest(second, ['moving']);
    assert.equal((await use().resolve('moving'))?.digest, second.descriptor.digest);
    assert.equal((await use().resolve(first.descriptor.digest))?.digest, first.descriptor.digest);
    await use().pushManifest(first, ['moving']);
    assert.equal((await use().resolve('moving'))?.digest, first.descriptor.digest);
  });

  it('lists its tags sorted by their bytes', async () => {
    const manifest = await pushArtifact(use(), 'many tags');
    await use().pushManifest(manifest, ['t-b', 't-a', 't-10', 't-9', 'T-a', 't_a']);
    const ours = (await use().tags()).filter((tag) => /^[tT][-_]/.test(tag));
    assert.deepEqual(ours, ['T-a', 't-10', 't-9', 't-a', 't-b', 't_a']);
  });

  it(
    'forgets a deleted tag and keeps the manifest',
    { skip: !deletesTags && 'this registry deletes no tags' },
    async () => {
      const manifest = await pushArtifact(use(), 'loses a tag');
      await use().pushManifest(manifest, ['gone', 'stays']);
      await use().deleteTag('gone');
      assert.equal(await use().resolve('gone'), undefined);
      assert.equal((await use().resolve('stays'))?.digest, manifest.descriptor.digest);
      assert.ok(!(await use().tags()).includes('gone'));
    },
  );
}

function referrerTests(use: () => Repository): void {
  it('lists the manifests that have a subject, with artifact type and annotations', async () => {
    const subject = await pushArtifact(use(), 'signed');
    await use().pushManifest(subject, ['signed']);
    assert.deepEqual(await use().referrers(subject.descriptor.digest), []);
    const of = { config: emptyDescriptor, layers: [emptyDescriptor], subject: core(subject.descriptor) };
    const signature = imageManifest({
      ...of,
      artifactType: 'application/vnd.test.signature',
      annotations: { by: 'us' },
    });
    const note = imageManifest({ ...of, artifactType: 'application/vnd.test.note' });
    for (const referrer of [signature, note]) await use().pushManifest(referrer);
    const listed = await use().referrers(subject.descriptor.digest);
    assert.deepEqual(
      new Set(listed.map((entry) => entry.digest)),
      new Set([signature.descriptor.digest, note.descriptor.digest]),
    );
    assert.deepEqual(await use().referrers(subject.descriptor.digest, 'application/vnd.test.signature'), [
      { ...core(signature.descriptor), artifactType: 'application/vnd.test.signature', annotations: { by: 'us' } },
    ]);
    assert.deepEqual(await use().referrers(subject.descriptor.digest, 'application/vnd.test.other'), []);
  });

  it('takes the type of the config for a referrer that names no artifact type', async () => {
    const subject = await pushArtifact(use(), 'signed without a type');
    await use().pushManifest(subject, ['signed-without-type']);
    const { bytes, descriptor } = sample('config', 'application/vnd.test.config');
    await use().pushBlob(descriptor, bytes);
    const referrer = imageManifest({
      config: descriptor,
      layers: [emptyDescriptor],
      subject: core(subject.descriptor),
    });
    await use().pushManifest(referrer);
    const listed = await use().referrers(subject.descriptor.digest);
    assert.deepEqual(
      listed.map(({ digest, artifactType: type }) => [digest, type]),
      [[referrer.descriptor.digest, 'application/vnd.test.config']],
    );
  });

  it('has no referrers of an unknown subject', async () => {
    assert.deepEqual(await use().referrers(digestOfBytes(Buffer.from('unknown subject'))), []);
  });
}

const artifactType = 'application/vnd.test.artifact';

/** Pushes the blobs of a small artifact and returns its manifest, not pushed yet. */
async function pushArtifact(repository: Repository, text: string): Promise<StoredManifest> {
  const { bytes, descriptor } = sample(text);
  await repository.pushBlob(emptyDescriptor, emptyJson);
  await repository.pushBlob(descriptor, bytes);
  return imageManifest({ artifactType, config: emptyDescriptor, layers: [descriptor] });
}

function sample(text: string, mediaType?: string): { bytes: Buffer; descriptor: Descriptor } {
  const bytes = Buffer.from(text);
  return { bytes, descriptor: descriptorOf(bytes, mediaType) };
}

function descriptorOf(bytes: Buffer, mediaType = 'application/vnd.test.layer'): Descriptor {
  return { mediaType, digest: digestOfBytes(bytes), size: bytes.byteLength };
}

function digestOfBytes(bytes: Buffer): Digest {
  return parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
}

/** Media type, digest and size: implementations may add more to a descriptor. */
function core(descriptor: Descriptor | undefined): Descriptor {
  assert.ok(descriptor);
  const { mediaType, digest, size } = descriptor;
  return { mediaType, digest, size };
}

/** A source that puts every chunk into the same buffer, as a reader with one buffer does. */
async function* reusedChunks(bytes: Buffer, chunkBytes: number): AsyncIterable<Uint8Array> {
  const buffer = Buffer.alloc(chunkBytes);
  for (let from = 0; from < bytes.byteLength; from += chunkBytes) {
    const count = bytes.copy(buffer, 0, from, from + chunkBytes);
    yield buffer.subarray(0, count);
  }
}

async function* failing(bytes: Buffer): AsyncIterable<Uint8Array> {
  yield bytes;
  throw new Error('the source broke off');
}

async function readAll(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

function hasCode(code: string): (thrown: unknown) => boolean {
  return (thrown) => thrown instanceof ExportError && thrown.code === code;
}
