// kill -9 of a process that writes: what it reported is there, nothing is there by halves, and the next process goes on.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { glob, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../../src/core/clock.ts';
import { childrenOf, parseManifest } from '../../../src/oci/manifest.ts';
import { openDiskStorage } from '../../../src/registry/storage/disk-storage.ts';
import type { RegistryStorage, StoredRepository, Sweepable } from '../../../src/registry/storage/storage.ts';
import { sweep } from '../../../src/registry/storage/sweep.ts';
import { skipWithout } from '../../judges.ts';
import { childEnvironment } from '../../support/run-program.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { bucketForSuite } from './s3/open-bucket.ts';

const rounds = 6;
const writer = fileURLToPath(new URL('crash-writer.ts', import.meta.url));

/** Runs the writer and kills it while it works on what comes after its `count`-th report. Returns what it reported. */
async function writeAndKill({ place, env }: Place, round: number, count: number): Promise<Map<string, string>> {
  const child = spawn(process.execPath, [writer, place, String(round)], {
    env: childEnvironment(env),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const reported = new Map<string, string>();
  for await (const line of createInterface({ input: child.stdout })) {
    const [, name = '', digest = ''] = line.split(' ');
    reported.set(name, digest);
    if (reported.size === count) child.kill('SIGKILL');
  }
  await ended;
  assert.equal(child.signalCode, 'SIGKILL');
  return reported;
}

async function assertContentIsWhole(folder: string): Promise<void> {
  for await (const path of glob(`${folder}/blobs/sha256/*/*`)) {
    const hex = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    assert.equal(hex, basename(path), 'every visible file has the digest in its name');
  }
}

async function assertTagsAreWhole(repository: StoredRepository): Promise<void> {
  for (const tag of await repository.tags()) {
    const stored = await repository.manifest(tag);
    assert.ok(stored, `${tag} points to a manifest`);
    for (const child of childrenOf(parseManifest(stored.bytes, stored.descriptor.mediaType))) {
      assert.equal(await repository.statBlob(child.digest), child.size, `${tag} has all its blobs`);
    }
  }
}

type Place = {
  /** As the writer takes it. */
  readonly place: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Where what is visible lies as files. */
  readonly folder: string;
  open(): Promise<RegistryStorage>;
};

async function killInTheMiddleOfPushes(where: Place): Promise<void> {
  const reported = new Map<string, string>();
  for (let round = 0; round < rounds; round++) {
    for (const [name, digest] of await writeAndKill(where, round, 3 + 2 * round)) reported.set(name, digest);
    const repository = (await where.open()).repository('default/crash');
    await assertContentIsWhole(where.folder);
    await assertTagsAreWhole(repository);
    for (const [name, digest] of reported) {
      const resolved = await repository.resolve(name);
      assert.equal(resolved?.digest, digest);
      assert.equal((await repository.referrers(resolved.digest)).length, 1);
    }
  }
}

it('kill -9 in the middle of pushes loses nothing that was reported and leaves nothing by halves', async (t) => {
  const folder = await temporaryFolder(t, 'crash');
  const open = (): Promise<RegistryStorage> => openDiskStorage(folder, { clock: systemClock });
  await killInTheMiddleOfPushes({ place: folder, folder, open });
});

describe('kill -9 in the middle of pushes to a bucket', { skip: skipWithout('versitygw') }, () => {
  const bucket = bucketForSuite();

  it('loses nothing that was reported and leaves nothing by halves', async () => {
    const { env, url, folder } = bucket.server();
    await killInTheMiddleOfPushes({ place: url, env, folder, open: () => bucket.open({ name: 'registry' }) });
  });

  it('leaves parts that the sweep of a later day takes', async () => {
    const clock = { now: () => new Date(Date.now() + 25 * 60 * 60_000) };
    const storage = await bucket.open({ name: 'registry', clock });
    const blobs = await namesOf(storage.content);
    await sweep(storage, { clock });
    assert.deepEqual(await namesOf(storage.leftovers), []);
    const repository = storage.repository('default/crash');
    await assertTagsAreWhole(repository);
    assert.ok((await namesOf(storage.content)).length <= blobs.length);
  });
});

async function namesOf(part: Sweepable): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of part.list()) names.push(name);
  return names;
}
