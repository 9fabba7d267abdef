// Hashing of files that grow, and of uploads that are large enough for it.

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { appendFileSync, readdirSync, readlinkSync, truncateSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../../../src/core/clock.ts';
import { parseDigest, type Digest } from '../../../src/core/digest.ts';
import { openDiskStorage } from '../../../src/registry/storage/disk-storage.ts';
import { FileHasher } from '../../../src/registry/storage/file-hasher.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const bytes = Buffer.alloc(20_000_003, 'some content that is not all the same ');
const digestOf = (content: Buffer, algorithm: 'sha256' | 'sha512' = 'sha256'): Digest =>
  parseDigest(`${algorithm}:${hash(algorithm, content)}`);

describe('a file that grows', () => {
  const hasher = new FileHasher();

  it('has the digest of its first bytes, however it grew', async (t) => {
    const folder = await temporaryFolder(t, 'hasher');
    const cuts = [0, 1, 5_000_000, 5_000_001, 19_999_999, bytes.byteLength];
    const digests = (['sha256', 'sha512'] as const).map(async (algorithm) => {
      const path = join(folder, algorithm);
      await writeFile(path, '');
      const file = hasher.begin(path, algorithm);
      for (const [at, cut] of cuts.entries()) {
        appendFileSync(path, bytes.subarray(cuts[at - 1] ?? 0, cut));
        file.advance(cut);
        await pause(1);
      }
      appendFileSync(path, 'more that does not count');
      assert.equal(await file.digest(bytes.byteLength), digestOf(bytes, algorithm));
    });
    await Promise.all(digests);
  });

  it('that is not there, or becomes shorter, has none', async (t) => {
    const path = join(await temporaryFolder(t, 'hasher'), 'file');
    await assert.rejects(hasher.begin(`${path}-absent`, 'sha256').digest(3), { code: 'STORAGE_FAILED' });
    await writeFile(path, bytes);
    const file = hasher.begin(path, 'sha256');
    file.advance(10_000_000);
    truncateSync(path, 1_000);
    await assert.rejects(file.digest(bytes.byteLength), { code: 'STORAGE_FAILED' });
    const dropped = hasher.begin(path, 'sha256');
    dropped.drop();
    await assert.rejects(dropped.digest(3), { code: 'STORAGE_FAILED' });
  });

  it('is open only while it is read', async (t) => {
    const folder = await temporaryFolder(t, 'hasher');
    const path = join(folder, 'file');
    await writeFile(path, bytes);
    const [abandoned, dropped, done] = [1, 2, 3].map(() => hasher.begin(path, 'sha256'));
    abandoned?.advance(10_000_000);
    dropped?.advance(bytes.byteLength);
    dropped?.drop();
    await done?.digest(bytes.byteLength);
    assert.deepEqual(openBelow(folder), []);
  });
});

describe('a large upload', () => {
  const open = async (t: TestContext, folder?: string) => {
    const dir = folder ?? (await temporaryFolder(t, 'large'));
    return { dir, repository: (await openDiskStorage(dir, { clock: systemClock })).repository('default/large') };
  };

  for (const algorithm of ['sha256', 'sha512'] as const) {
    it(`at once, in pieces, and after a restart becomes a blob named by ${algorithm}`, async (t) => {
      const { dir, repository } = await open(t);
      const digest = digestOf(bytes, algorithm);
      for (const cuts of [[], [10], [9_000_000], [9_000_000, 9_000_001, 19_000_000]]) {
        const id = await repository.uploads.start();
        for (const [at, cut] of [...cuts, bytes.byteLength].entries()) {
          await repository.uploads.append(id, inChunks(bytes.subarray(cuts[at - 1] ?? 0, cut)));
        }
        await (cuts.length === 1 ? (await open(t, dir)).repository : repository).uploads.finish(id, digest);
        assert.equal(await repository.statBlob(digest), bytes.byteLength);
        await repository.deleteBlob(digest);
      }
      assert.deepEqual(openBelow(dir), []);
    });
  }

  it('that broke off goes on where it was, and with another digest leaves nothing', async (t) => {
    const { dir, repository } = await open(t);
    const { uploads } = repository;
    const id = await uploads.start();
    await assert.rejects(uploads.append(id, breaking(bytes.subarray(0, 12_345_678))), /went away/);
    assert.equal(await uploads.size(id), 12_345_678);
    await uploads.append(id, inChunks(bytes.subarray(12_345_678)));
    await uploads.finish(id, digestOf(bytes));
    const wrong = await uploads.start();
    await uploads.append(wrong, inChunks(bytes.subarray(1)));
    await assert.rejects(uploads.finish(wrong, digestOf(bytes)), { code: 'DIGEST_MISMATCH' });
    const cancelled = await uploads.start();
    await uploads.append(cancelled, inChunks(bytes));
    assert.equal(await uploads.cancel(cancelled), true);
    assert.deepEqual(readdirSync(join(dir, 'repositories/default/large/_uploads')), []);
  });
});

async function* inChunks(content: Buffer): AsyncIterable<Buffer> {
  for (let at = 0; at < content.byteLength; at += 65_536) yield content.subarray(at, at + 65_536);
}

async function* breaking(content: Buffer): AsyncIterable<Buffer> {
  yield* inChunks(content);
  throw new Error('the client went away');
}

/** Files below `folder` that this process has open. */
function openBelow(folder: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(folder) ? [path] : [];
    } catch {
      return [];
    }
  });
}
