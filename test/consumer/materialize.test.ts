// `mirror materialize --as trivy-cache`: what Trivy finds in its cache, and what a kill leaves there.

import assert from 'node:assert/strict';
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openBolt } from '../../src/boltdb/open-bolt.ts';
import { materializeTrivyCache } from '../../src/consumer/materialize.ts';
import { mirrorPull } from '../../src/consumer/pull.ts';
import { startRegistry } from '../registry/start-registry.ts';
import { openTestCenter } from '../support/center.ts';
import { ranged, rangedFeed, repositoryOf, unpackLayer } from '../support/database-evidence.ts';
import { runProgram } from '../support/run-program.ts';
import { temporaryFolder, type Scope } from '../support/temporary-folder.ts';

const now = new Date('2026-07-03T12:00:00Z');

/** A folder that holds the mirrors of two days, and the databases that they make. */
async function twoDays(t: Scope) {
  const test = await openTestCenter(t);
  const registry = await startRegistry(t, { storage: await test.center.registryStorage() });
  const folder = await temporaryFolder(t, 'materialize');
  const days: { readonly dir: string; readonly file: Buffer }[] = [];
  await test.ingest(rangedFeed('npm', 120));
  for (const day of [1, 2]) {
    await test.ingest([ranged('GHSA-2026-9000', { fixed: `${day}.0.0`, modified: `2026-07-0${day}T00:00:00Z` })]);
    await test.succeed('trivy:db');
    const dir = join(folder, `day-${day}`);
    await mirrorPull({ reference: `${registry.host}/default/trivy-db-mirror:latest`, dir });
    const layer = await unpackLayer(t, await repositoryOf(test, 'trivy-db'), '2');
    days.push({ dir, file: await layer.file('trivy.db') });
  }
  return { folder, days: days as [(typeof days)[0], (typeof days)[0]] };
}

type Metadata = { readonly Version: number; readonly UpdatedAt: string; readonly DownloadedAt: string };

/** Which day's database a cache shows, metadata and file of one day; undefined for none. */
async function shownDay(cache: string, files: readonly Buffer[]): Promise<number | undefined> {
  const text = await readFile(join(cache, 'db', 'metadata.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { UpdatedAt } = JSON.parse(text) as Metadata;
  const day = Number(UpdatedAt.slice(8, 10));
  assert.deepEqual(await readFile(join(cache, 'db', 'trivy.db')), files[day - 1]);
  return day;
}

test('a materialized cache', async (t) => {
  const { folder, days } = await twoDays(t);
  const files = days.map(({ file }) => file);

  await t.test('is what Trivy reads: file, metadata with the time of the download, owner of the cache', async () => {
    const cache = join(folder, 'cache-1');
    const [first, second] = days;
    for (const { dir, file } of [first, second, second]) {
      const { path } = await materializeTrivyCache(dir, cache, { now });
      assert.equal(path, join(cache, 'db'));
      assert.deepEqual(await readFile(join(path, 'trivy.db')), file);
    }
    const metadata = JSON.parse(await readFile(join(cache, 'db', 'metadata.json'), 'utf8')) as Metadata;
    assert.deepEqual(metadata, {
      Version: 2,
      NextUpdate: '2026-07-03T00:00:00Z',
      UpdatedAt: '2026-07-02T00:00:00Z',
      DownloadedAt: '2026-07-03T12:00:00Z',
    });
    // Only what is shown is left of the three.
    assert.equal((await readdir(join(cache, '.export-center'))).length, 1);
    const [own, made] = [await stat(cache), await stat(join(cache, 'db', 'trivy.db'))];
    assert.deepEqual([made.uid, made.gid, made.mode & 0o777], [own.uid, own.gid, 0o644]);
    const bolt = await openBolt(
      (at, length) => Promise.resolve(second.file.subarray(at, at + length)),
      second.file.length,
    );
    assert.equal(await bolt.hasBucket(['vulnerability']), true);
  });

  await t.test('takes the place of a folder that Trivy made itself', async () => {
    const cache = join(folder, 'cache-2');
    await mkdir(join(cache, 'db'), { recursive: true });
    await writeFile(join(cache, 'db', 'trivy.db'), 'old');
    await materializeTrivyCache(days[0].dir, cache, { now });
    assert.equal(
      await shownDay(
        cache,
        days.map(({ file }) => file),
      ),
      1,
    );
  });

  await t.test('is the old one or the new one, whenever the process is killed', async () => {
    const before = join(folder, 'before');
    await materializeTrivyCache(days[0].dir, before, { now });
    const child = join(import.meta.dirname, 'materialize-child.ts');
    const run = (cache: string, dieAt: number) =>
      runProgram(process.execPath, [child, days[1].dir, cache, String(dieAt)]);
    const cache = join(folder, 'cache-3');
    const fresh = async () => {
      await rm(cache, { recursive: true, force: true });
      await cp(before, cache, { recursive: true, verbatimSymlinks: true });
    };
    await fresh();
    const steps = (await run(cache, 0)).stdout.split(' ');
    const shown = steps.lastIndexOf('rename');
    assert.ok(shown > 0, steps.join(' '));
    // The points around the switch, and some on the way to it.
    for (const dieAt of [2, Math.ceil(shown / 2), shown, shown + 1, shown + 2, steps.length]) {
      await fresh();
      assert.equal((await run(cache, dieAt)).signal, 'SIGKILL');
      const day = await shownDay(cache, files);
      assert.equal(day, dieAt <= shown + 1 ? 1 : 2, `killed before step ${dieAt} of ${steps.join(' ')}`);
      await materializeTrivyCache(days[1].dir, cache, { now });
      assert.equal(await shownDay(cache, files), 2);
      assert.equal((await readdir(join(cache, '.export-center'))).length, 1);
    }
  });

  await t.test('is refused for a damaged layer', async () => {
    const cache = join(folder, 'cache-4');
    const blobs = join(days[0].dir, 'blobs', 'sha256');
    const sizes = await Promise.all(
      (await readdir(blobs)).map(async (name) => ({ name, size: (await stat(join(blobs, name))).size })),
    );
    const [largest] = sizes.sort((a, b) => b.size - a.size);
    await writeFile(join(blobs, largest?.name ?? ''), 'damaged');
    await assert.rejects(materializeTrivyCache(days[0].dir, cache, { now }), { code: 'VERIFICATION_FAILED' });
    assert.equal(await shownDay(cache, []), undefined);
  });
});
