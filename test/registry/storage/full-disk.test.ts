// A disk that is full, or that takes no writes: a named error, nothing stored by halves, and all is well once there is room.

import assert from 'node:assert/strict';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { systemClock } from '../../../src/core/clock.ts';
import { ExportError } from '../../../src/core/errors.ts';
import { describe } from '../../../src/oci/descriptor.ts';
import { appendStream } from '../../../src/registry/storage/append-stream.ts';
import { openDiskStorage } from '../../../src/registry/storage/disk-storage.ts';
import { mustRun, runProgram } from '../../support/run-program.ts';
import { atEnd } from '../../support/scope.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function hasCode(code: string): (thrown: unknown) => boolean {
  return (thrown) => thrown instanceof ExportError && thrown.code === code;
}

/** A file system of its own of 2 MiB, undefined after a skip where only root may mount. */
async function smallDisk(t: TestContext): Promise<string | undefined> {
  const folder = join(await temporaryFolder(t, 'full'), 'disk');
  await mkdir(folder);
  const mounted = await runProgram('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder]).catch(() => undefined);
  if (mounted?.code !== 0) {
    t.skip('mounting a small file system needs root');
    return undefined;
  }
  atEnd(t, async () => void (await mustRun('umount', [folder])));
  return folder;
}

async function readAll(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

async function* megabytes(count: number): AsyncIterable<Buffer> {
  for (let i = 0; i < count; i++) yield Buffer.alloc(1_000_000, i);
}

it('a stream to a full device is refused as STORAGE_FULL', async (t) => {
  const full = await open('/dev/full', 'r+').catch(() => undefined);
  if (!full) return t.skip('this system has no /dev/full');
  const options = { position: 0, hash: () => undefined, admit: () => undefined };
  await assert.rejects(appendStream(full, megabytes(3), options), hasCode('STORAGE_FULL'));
  return full.close();
});

it('a blob that does not fit leaves nothing behind, and the next one that fits is stored', async (t) => {
  const folder = await smallDisk(t);
  if (folder === undefined) return;
  const repository = (await openDiskStorage(folder, { clock: systemClock })).repository('default/full');
  const large = await readAll(megabytes(4));
  const descriptor = describe('application/octet-stream', large);
  await assert.rejects(repository.pushBlob(descriptor, large), hasCode('STORAGE_FULL'));
  await assert.rejects(
    repository.pushBlob(descriptor, () => megabytes(4)),
    hasCode('STORAGE_FULL'),
  );
  assert.equal(await repository.statBlob(descriptor.digest), undefined);
  const small = large.subarray(0, 1_500_000);
  const fits = describe('application/octet-stream', small);
  assert.equal(await repository.pushBlob(fits, small), 'written');
  assert.equal(await repository.statBlob(fits.digest), small.byteLength);
});

it('an upload on a full disk keeps what fits and goes on when there is room again', async (t) => {
  const folder = await smallDisk(t);
  if (folder === undefined) return;
  const repository = (await openDiskStorage(folder, { clock: systemClock })).repository('default/full');
  const blocker = Buffer.alloc(1_400_000, 'b');
  const block = describe('application/octet-stream', blocker);
  await repository.pushBlob(block, blocker);
  const id = await repository.uploads.start();
  await assert.rejects(repository.uploads.append(id, megabytes(1)), hasCode('STORAGE_FULL'));
  await mustRun('mount', ['-o', 'remount,size=8m', folder]);
  const whole = await readAll(megabytes(1));
  const kept = (await repository.uploads.size(id)) ?? 0;
  await repository.uploads.append(
    id,
    (async function* () {
      yield whole.subarray(kept);
    })(),
    kept,
  );
  const { digest } = describe('application/octet-stream', whole);
  await repository.uploads.finish(id, digest);
  assert.equal(await repository.statBlob(digest), whole.byteLength);
});

it('a disk that takes no writes is refused as STORAGE_FAILED, and can still be read', async (t) => {
  const folder = await smallDisk(t);
  if (folder === undefined) return;
  const repository = (await openDiskStorage(folder, { clock: systemClock })).repository('default/readonly');
  const bytes = Buffer.from('was here before');
  const descriptor = describe('text/plain', bytes);
  await repository.pushBlob(descriptor, bytes);
  await mustRun('mount', ['-o', 'remount,ro', folder]);
  const other = describe('text/plain', Buffer.from('comes too late'));
  await assert.rejects(repository.pushBlob(other, Buffer.from('comes too late')), hasCode('STORAGE_FAILED'));
  assert.deepEqual(await readAll(repository.openBlob(descriptor)), bytes);
});
