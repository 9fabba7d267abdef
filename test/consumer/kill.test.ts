// kill -9 of `mirror pull` at points spread over all that it does to the file system: what was fetched is not fetched
// again, and the names in the folder lead to a whole state at every moment.

import assert from 'node:assert/strict';
import { cp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { mirrorPull } from '../../src/consumer/pull.ts';
import { verify } from '../../src/consumer/verify.ts';
import { isLayout } from '../../src/registry/layout/layout-reference.ts';
import { openLayout } from '../../src/registry/layout/layout-repository.ts';
import type { ShardedBundle } from '../../src/profiles/sharded/compose.ts';
import { runProgram } from '../support/run-program.ts';
import { madeUp } from './publisher.ts';
import { edited, hasAll, openWorld, type World } from './world.ts';

const child = join(import.meta.dirname, 'pull-child.ts');
/** Manifests, signature and what a protocol adds; they are fetched again. */
const small = 12 * 1024;

/** Steps that a pull takes when it is left alone, and points in them, `rounds` of each third. */
async function points(t: TestContext, world: World, prepare: () => Promise<string>, rounds: number): Promise<number[]> {
  const { stdout, stderr } = await runPull(world, await prepare(), 0);
  const steps = Number(stdout);
  assert.ok(steps > 20, stderr);
  t.diagnostic(`${steps} steps`);
  // A low-discrepancy sequence: spread out, and the same in each run.
  return Array.from({ length: rounds }, (_, round) => 1 + Math.floor(((round * 0.618_033_988_75 + 0.31) % 1) * steps));
}

function runPull({ registry }: World, dir: string, dieAt: number): ReturnType<typeof runProgram> {
  return runProgram(process.execPath, [child, `${registry.name}:latest`, dir, String(dieAt)]);
}

async function bytesThere(dir: string): Promise<number> {
  let bytes = 0;
  for (const folder of ['blobs/sha256', '.export-center/partial']) {
    for (const name of await readdir(join(dir, folder)).catch(() => [])) {
      bytes += (await stat(join(dir, folder, name))).size;
    }
  }
  return bytes;
}

/** The name leads nowhere yet, or to a state that is whole. */
async function nameIsGood(dir: string, allowed: readonly (string | undefined)[]): Promise<void> {
  const named = (await isLayout(dir)) ? (await (await openLayout(dir)).resolve('latest'))?.digest : undefined;
  assert.ok(allowed.includes(named), `${named} is named`);
  if (named === undefined) return;
  const { ok, checks } = await verify(`${dir}:latest`, {});
  assert.ok(ok, JSON.stringify(checks));
}

async function goesOn({ registry, key }: World, dir: string, bundle: ShardedBundle): Promise<void> {
  const before = await bytesThere(dir);
  const result = await mirrorPull({ reference: `${registry.name}:latest`, dir, key, signatureOnly: true });
  await hasAll(dir, bundle);
  const most = result.bytesTotal - before + small;
  assert.ok(result.bytesFetched <= Math.max(most, small), `${result.bytesFetched} fetched with ${before} there`);
  assert.deepEqual(
    (await readdir(join(dir, 'ingest'))).filter((name) => !name.includes('.')),
    [],
  );
}

it('a first pull that is killed anywhere goes on with what it has', async (t) => {
  const world = await openWorld(t);
  const bundle = await world.publisher.publish(madeUp(5000));
  const prepare = async (): Promise<string> => {
    await rm(world.dir, { recursive: true, force: true });
    return world.dir;
  };
  for (const point of await points(t, world, prepare, 10)) {
    const dir = await prepare();
    assert.equal((await runPull(world, dir, point)).signal, 'SIGKILL');
    await nameIsGood(dir, [undefined, bundle.index.descriptor.digest]);
    await goesOn(world, dir, bundle);
  }
});

it('a pull by patch through a compaction that is killed anywhere leaves one of the two states', async (t) => {
  const world = await openWorld(t);
  await world.publisher.publish(madeUp(5000));
  const first = await world.publisher.publish(edited(20, 'two'));
  await world.pull();
  const second = await world.publisher.publish(edited(40, 'three'), { compact: true });
  const copy = `${world.dir}-copy`;
  const prepare = async (): Promise<string> => {
    await rm(copy, { recursive: true, force: true });
    await cp(world.dir, copy, { recursive: true });
    return copy;
  };
  const either = [first.index.descriptor.digest, second.index.descriptor.digest];
  for (const point of await points(t, world, prepare, 10)) {
    const dir = await prepare();
    assert.equal((await runPull(world, dir, point)).signal, 'SIGKILL');
    await nameIsGood(dir, either);
    await goesOn(world, dir, second);
  }
});
