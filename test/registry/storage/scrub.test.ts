// The scrub on disks and in buckets: what was damaged behind the storage's back is found, taken aside, gone for clients,
// and whole again once it is pushed again.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { systemClock, type Clock } from '../../../src/core/clock.ts';
import { digestHex, type Digest } from '../../../src/core/digest.ts';
import { ExportError } from '../../../src/core/errors.ts';
import { openDiskStorage } from '../../../src/registry/storage/disk-storage.ts';
import { scrub, type ScrubProgress } from '../../../src/registry/storage/scrub.ts';
import type { RegistryStorage, StoredRepository } from '../../../src/registry/storage/storage.ts';
import { sweep } from '../../../src/registry/storage/sweep.ts';
import { skipWithout } from '../../judges.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { layerOf, pushArtifact } from './artifacts.ts';
import { bucketForSuite } from './s3/open-bucket.ts';

const clock = systemClock;

/** Opens the same storage anew each time, so that nothing is in memory; `folder` has its content as files. */
type Place = { readonly folder: string; open(): Promise<RegistryStorage> };

function fileOf({ folder }: Place, digest: Digest): string {
  return join(folder, 'blobs', 'sha256', digestHex(digest).slice(0, 2), digestHex(digest));
}

async function flip(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

async function isServed(repository: StoredRepository, digest: Digest): Promise<boolean> {
  const reader = await repository.readBlob(digest);
  await reader?.close();
  return reader !== undefined;
}

function suite(make: (t: TestContext) => Promise<Place>): void {
  it('finds nothing where nothing is wrong, and tells how far it is', async (t) => {
    const place = await make(t);
    const storage = await place.open();
    const manifest = await pushArtifact(storage.repository('default/one'), 'intact', { tags: ['latest'] });
    const bytes = manifest.bytes.byteLength + 'intact'.length + '{}'.length;
    const told: ScrubProgress[] = [];
    const report = await scrub(storage, { clock, onProgress: (progress) => void told.push(progress) });
    assert.deepEqual(report, { blobs: 3, bytes, findings: [] });
    assert.deepEqual(told.at(-1), { blobs: 3, bytes, totalBytes: bytes, found: 0 });
  });

  it('takes a damaged blob aside, names it with its repositories, and a push makes it whole', async (t) => {
    const place = await make(t);
    const before = await place.open();
    for (const name of ['default/b', 'default/a']) {
      await pushArtifact(before.repository(name), 'will be damaged', { tags: ['latest'] });
    }
    const layer = layerOf('will be damaged');
    await flip(fileOf(place, layer.digest));
    const storage = await place.open();
    const { findings } = await scrub(storage, { clock });
    assert.deepEqual(
      findings.map(({ digest, kind, repositories }) => ({ digest, kind, repositories })),
      [{ digest: layer.digest, kind: 'quarantined', repositories: ['default/a', 'default/b'] }],
    );
    const repository = storage.repository('default/a');
    assert.equal(await isServed(repository, layer.digest), false);
    assert.equal(await repository.statBlob(layer.digest), undefined);
    const aside = join(place.folder, 'quarantine', layer.digest.replace(':', '-'));
    assert.equal((await readFile(aside)).byteLength, layer.size);
    assert.deepEqual(
      (await scrub(storage, { clock })).findings.map(({ digest, kind }) => [digest, kind]),
      [[layer.digest, 'missing']],
    );
    assert.equal(await repository.pushBlob(layer, Buffer.from('will be damaged')), 'written');
    assert.equal(await isServed(storage.repository('default/b'), layer.digest), true);
    assert.deepEqual((await scrub(storage, { clock })).findings, []);
  });

  it('takes a damaged manifest aside, which can be pushed again, and the sweep leaves what it needs', async (t) => {
    const place = await make(t);
    const manifest = await pushArtifact((await place.open()).repository('default/one'), 'content', {
      tags: ['latest'],
    });
    const { digest } = manifest.descriptor;
    await flip(fileOf(place, digest));
    const storage = await place.open();
    const repository = storage.repository('default/one');
    assert.deepEqual(
      (await scrub(storage, { clock })).findings.map(({ kind, repositories }) => [kind, repositories]),
      [['quarantined', ['default/one']]],
    );
    for (const reference of ['latest', digest]) {
      assert.equal(await repository.resolve(reference), undefined);
      assert.equal(await repository.manifest(reference), undefined);
    }
    const later: Clock = { now: () => new Date(Date.now() + 3 * 60 * 60_000) };
    const swept = await sweep(storage, { clock: later });
    assert.deepEqual([swept.skipped.length, swept.blobs], [1, 0]);
    assert.equal(await repository.pushManifest(manifest), 'written');
    assert.deepEqual((await repository.manifest('latest'))?.bytes, manifest.bytes);
    assert.deepEqual((await scrub(storage, { clock })).findings, []);
  });

  it('names what is linked and not there', async (t) => {
    const place = await make(t);
    await pushArtifact((await place.open()).repository('default/one'), 'vanishes');
    const { digest } = layerOf('vanishes');
    await rm(fileOf(place, digest));
    const { findings } = await scrub(await place.open(), { clock });
    assert.deepEqual(
      findings.map((found) => [found.digest, found.kind, found.repositories]),
      [[digest, 'missing', ['default/one']]],
    );
  });

  it('leaves bytes that are right after all where they are', async (t) => {
    const storage = await (await make(t)).open();
    const repository = storage.repository('default/one');
    await pushArtifact(repository, 'intact');
    assert.equal(await storage.scrubbable.quarantine(layerOf('intact').digest), false);
    assert.equal(await isServed(repository, layerOf('intact').digest), true);
  });

  it('ends when it is cancelled', async (t) => {
    const storage = await (await make(t)).open();
    await pushArtifact(storage.repository('default/one'), 'content');
    const signal = AbortSignal.abort();
    await assert.rejects(
      scrub(storage, { clock, signal }),
      (error) => error instanceof ExportError && error.code === 'CANCELLED',
    );
  });
}

describe('the scrub on a disk', () => {
  suite(async (t) => {
    const folder = await temporaryFolder(t, 'scrub');
    return { folder, open: () => openDiskStorage(folder, { clock }) };
  });

  it('reads no faster than it is told', async (t) => {
    const storage = await openDiskStorage(await temporaryFolder(t, 'pace'), { clock });
    await pushArtifact(storage.repository('default/one'), 'x'.repeat(5_000));
    let nowMs = 0;
    const pause = (ms: number): Promise<void> => {
      nowMs += ms;
      return Promise.resolve();
    };
    // Reading takes no time by this clock, so all of it is waiting.
    const { bytes } = await scrub(storage, { clock: { now: () => new Date(nowMs) }, bytesPerSecond: 1_000, pause });
    assert.equal(bytes > 5_000, true);
    assert.equal(Math.round(nowMs), bytes);
  });

  it('ignores files that are no content', async (t) => {
    const folder = await temporaryFolder(t, 'strange');
    const storage = await openDiskStorage(folder, { clock });
    const path = join(folder, 'blobs', 'sha256', 'aa', 'not-a-digest');
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, 'strange');
    assert.deepEqual(await scrub(storage, { clock }), { blobs: 0, bytes: 0, findings: [] });
  });
});

describe('the scrub in a bucket', { skip: skipWithout('versitygw') }, () => {
  const bucket = bucketForSuite();
  suite(() => {
    const name = randomUUID();
    return Promise.resolve({ folder: bucket.folder(name), open: () => bucket.open({ name }) });
  });
});
