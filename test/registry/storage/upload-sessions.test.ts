// Uploads in pieces: offsets, broken sources, restarts, several processes, digests of both kinds.

import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../../src/core/clock.ts';
import { parseDigest, type Digest } from '../../../src/core/digest.ts';
import { ExportError } from '../../../src/core/errors.ts';
import { openDiskStorage } from '../../../src/registry/storage/disk-storage.ts';
import type { StoredRepository } from '../../../src/registry/storage/storage.ts';
import { skipWithout } from '../../judges.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { bucketForSuite } from './s3/open-bucket.ts';

const bytes = Buffer.alloc(3_000_003, 'some content that is not all the same ');

function digestOf(algorithm: 'sha256' | 'sha512', content: Buffer): Digest {
  return parseDigest(`${algorithm}:${createHash(algorithm).update(content).digest('hex')}`);
}

async function* stream(...chunks: Buffer[]): AsyncIterable<Buffer> {
  yield* chunks;
}

async function* breaking(chunk: Buffer): AsyncIterable<Buffer> {
  yield chunk;
  throw new Error('the client went away');
}

/** A new place for a storage, which gives the same repository each time it is opened. */
type Place = () => Promise<StoredRepository>;
type Fresh = (t: TestContext) => Promise<{ open: Place; repository: StoredRepository }>;

async function content(repository: StoredRepository, digest: Digest, size = bytes.byteLength): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const descriptor = { mediaType: 'application/octet-stream', digest, size };
  for await (const chunk of repository.openBlob(descriptor)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function hasCode(code: string): (thrown: unknown) => boolean {
  return (thrown) => thrown instanceof ExportError && thrown.code === code;
}

function uploadSuite(fresh: Fresh): void {
  describe('an upload', () => {
    for (const algorithm of ['sha256', 'sha512'] as const) {
      it(`in three pieces becomes a blob named by ${algorithm}`, async (t) => {
        const { repository } = await fresh(t);
        const { uploads } = repository;
        const id = await uploads.start();
        assert.equal(await uploads.size(id), 0);
        assert.equal(await uploads.append(id, stream(bytes.subarray(0, 10)), 0), 10);
        assert.equal(
          await uploads.append(id, stream(bytes.subarray(10, 20), bytes.subarray(20, 2_000_000))),
          2_000_000,
        );
        assert.equal(await uploads.append(id, stream(bytes.subarray(2_000_000)), 2_000_000), bytes.byteLength);
        const digest = digestOf(algorithm, bytes);
        await uploads.finish(id, digest);
        assert.deepEqual(await content(repository, digest), bytes);
        assert.equal(await uploads.size(id), undefined);
      });
    }

    it('refuses a piece that does not begin where it stands, and stays as it is', async (t) => {
      const { uploads } = (await fresh(t)).repository;
      const id = await uploads.start();
      await uploads.append(id, stream(bytes.subarray(0, 100)));
      await assert.rejects(uploads.append(id, stream(bytes), 99), hasCode('CONFLICT'));
      await assert.rejects(uploads.append(id, stream(bytes), 101), hasCode('CONFLICT'));
      assert.equal(await uploads.size(id), 100);
    });

    it('keeps what came before its source broke off, and goes on from there', async (t) => {
      const { repository } = await fresh(t);
      const { uploads } = repository;
      const id = await uploads.start();
      await assert.rejects(uploads.append(id, breaking(bytes.subarray(0, 1_234_567))), /went away/);
      assert.equal(await uploads.size(id), 1_234_567);
      await uploads.append(id, stream(bytes.subarray(1_234_567)), 1_234_567);
      await uploads.finish(id, digestOf('sha256', bytes));
      assert.deepEqual(await content(repository, digestOf('sha256', bytes)), bytes);
    });

    it('goes on after a restart, and in another process that took turns', async (t) => {
      const { open, repository } = await fresh(t);
      const id = await repository.uploads.start();
      await repository.uploads.append(id, stream(bytes.subarray(0, 1_000)));
      const second = await open();
      await second.uploads.append(id, stream(bytes.subarray(1_000, 2_000)), 1_000);
      await repository.uploads.append(id, stream(bytes.subarray(2_000)), 2_000);
      await (await open()).uploads.finish(id, digestOf('sha256', bytes));
      assert.deepEqual(await content(second, digestOf('sha256', bytes)), bytes);
    });

    it('takes one writer at a time', async (t) => {
      const { uploads } = (await fresh(t)).repository;
      const id = await uploads.start();
      const { promise: waiting, resolve: goOn } = Promise.withResolvers<void>();
      const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
      const first = uploads.append(
        id,
        (async function* () {
          begin();
          await waiting;
          yield bytes;
        })(),
      );
      await begun;
      await assert.rejects(uploads.append(id, stream(bytes)), hasCode('CONFLICT'));
      goOn();
      assert.equal(await first, bytes.byteLength);
    });

    it('in pieces of every size becomes one blob', async (t) => {
      const { repository } = await fresh(t);
      const { uploads } = repository;
      const large = Buffer.alloc(13_000_000, 'pieces that are smaller and larger than a part of a bucket ');
      const id = await uploads.start();
      for (const [from, to] of [
        [0, 1],
        [1, 700_000],
        [700_000, 6_500_000],
        [6_500_000, 6_500_001],
        [6_500_001, 12_999_999],
        [12_999_999, 13_000_000],
      ] as const) {
        assert.equal(await uploads.append(id, stream(large.subarray(from, to)), from), to);
      }
      const digest = digestOf('sha256', large);
      await uploads.finish(id, digest);
      assert.deepEqual(await content(repository, digest, large.byteLength), large);
    });

    it('with another digest is refused and dropped, and no blob appears', async (t) => {
      const { repository } = await fresh(t);
      const id = await repository.uploads.start();
      await repository.uploads.append(id, stream(bytes.subarray(1)));
      await assert.rejects(repository.uploads.finish(id, digestOf('sha256', bytes)), hasCode('DIGEST_MISMATCH'));
      assert.equal(await repository.statBlob(digestOf('sha256', bytes)), undefined);
      assert.equal(await repository.uploads.size(id), undefined);
    });

    it('can be cancelled once', async (t) => {
      const { uploads } = (await fresh(t)).repository;
      const id = await uploads.start();
      assert.equal(await uploads.cancel(id), true);
      assert.equal(await uploads.cancel(id), false);
      await assert.rejects(uploads.append(id, stream(bytes)), hasCode('NOT_FOUND'));
    });

    it('is never looked for outside its folder', async (t) => {
      const { uploads } = (await fresh(t)).repository;
      for (const id of ['../_tags/latest', '..', '', 'x'.repeat(36)]) {
        assert.equal(await uploads.size(id), undefined);
        await assert.rejects(uploads.append(id, stream(bytes)), hasCode('NOT_FOUND'));
      }
    });
  });
}

describe('on a disk', () =>
  uploadSuite(async (t) => {
    const folder = await temporaryFolder(t, 'uploads');
    const open: Place = async () =>
      (await openDiskStorage(folder, { clock: systemClock })).repository('default/uploads');
    return { open, repository: await open() };
  }));

describe('in a bucket', { skip: skipWithout('versitygw') }, () => {
  const bucket = bucketForSuite();
  uploadSuite(async () => {
    const name = randomUUID();
    const open: Place = async () => (await bucket.open({ name })).repository('default/uploads');
    return { open, repository: await open() };
  });
});
