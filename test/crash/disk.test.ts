// A data folder on a disk that is full, and on one that takes no writes: a clear code and a hint, nothing visible by halves,
// and the golden digests once there is room again.

import assert from 'node:assert/strict';
import { appendFile, mkdir, readFile, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { sampleEvidence } from '../../scripts/sample-evidence.ts';
import { mustRun, runProgram } from '../support/run-program.ts';
import { atEnd } from '../support/scope.ts';
import { exportCenterJson, runExportCenter, startService } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { assertWholeRegistry } from './whole-registry.ts';

type Outcome = { readonly digest?: string; readonly error?: { readonly code: string; readonly hint?: string } };

const expected = join(import.meta.dirname, '..', '..', 'registry-fixtures', 'layouts', 'expected.json');

/** A file system of its own, undefined after a skip where only root may mount. */
async function smallDisk(t: TestContext, size: string): Promise<string | undefined> {
  const disk = join(await temporaryFolder(t, 'disk'), 'disk');
  await mkdir(disk);
  const mounted = await runProgram('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk]).catch(
    () => undefined,
  );
  if (mounted?.code !== 0) {
    t.skip('mounting a small file system needs root');
    return undefined;
  }
  atEnd(t, async () => void (await mustRun('umount', [disk])));
  return disk;
}

/** Leaves `free` bytes on the disk. */
async function fill(disk: string, free: number): Promise<void> {
  const { bavail, bsize } = await statfs(disk);
  await appendFile(join(disk, 'ballast'), Buffer.alloc(Math.max(0, bavail * bsize - free)));
}

async function outcomeOf(args: readonly string[]): Promise<Outcome> {
  const { stdout, stderr } = await runExportCenter([...args, '--json']);
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout) as Outcome;
}

const ingestArgs = (from: string): string[] => {
  const { source, licence, attribution } = sampleEvidence;
  return ['ingest', source, from, '--licence', licence, '--attribution', attribution];
};

it('a run on a full disk is refused as STORAGE_FULL at whatever point, and succeeds once there is room', async (t) => {
  const disk = await smallDisk(t, '64m');
  if (disk === undefined) return;
  const data = ['--data', join(disk, 'data')];
  await exportCenterJson([...ingestArgs(sampleEvidence.day1), ...data]);
  const outcomes: string[] = [];
  for (const free of [0, 16_384, 120_000, 250_000, 420_000, 560_000]) {
    await fill(disk, free);
    const { error, digest } = await outcomeOf(['run', 'json:raw', ...data]);
    if (error !== undefined) {
      assert.equal(error.code, 'STORAGE_FULL', JSON.stringify(error));
      assert.ok(error.hint);
    }
    outcomes.push(error?.code ?? digest ?? '');
    await assertWholeRegistry(join(disk, 'data', 'registry'));
    await rm(join(disk, 'ballast'));
  }
  t.diagnostic(outcomes.join(' '));
  assert.equal(outcomes[0], 'STORAGE_FULL');
  const { digest } = await outcomeOf(['run', 'json:raw', ...data]);
  const golden = JSON.parse(await readFile(expected, 'utf8')) as { 'json-raw': { tags: Record<string, string> } };
  assert.equal(digest, golden['json-raw'].tags['latest']);
});

it('an ingest on a full disk is refused as STORAGE_FULL, and nothing of it is there', async (t) => {
  const disk = await smallDisk(t, '64m');
  if (disk === undefined) return;
  const data = ['--data', join(disk, 'data')];
  await exportCenterJson(['evidence', 'list', ...data]);
  for (const free of [0, 300_000, 1_500_000]) {
    await fill(disk, free);
    const { error } = await outcomeOf([...ingestArgs(sampleEvidence.day1), ...data]);
    assert.equal(error?.code, 'STORAGE_FULL', JSON.stringify(error));
    await rm(join(disk, 'ballast'));
    assert.deepEqual(await exportCenterJson(['evidence', 'list', ...data]), { sources: [] });
  }
  const { added } = (await exportCenterJson([...ingestArgs(sampleEvidence.day1), ...data])) as { added: number };
  assert.equal(added, 1798);
});

it('a service whose disk is full goes on serving, and works again once there is room', async (t) => {
  const disk = await smallDisk(t, '64m');
  if (disk === undefined) return;
  const service = await startService(t, { data: join(disk, 'data') });
  const data = ['--data', service.data];
  await exportCenterJson([...ingestArgs(sampleEvidence.day1), ...data]);
  const { digest } = await outcomeOf(['run', 'mirror:full', ...data]);
  await fill(disk, 100_000);
  const { error } = await outcomeOf(['run', 'json:raw', ...data]);
  assert.equal(error?.code, 'STORAGE_FULL', JSON.stringify(error));
  await fill(disk, 0);
  const headers = { authorization: `Bearer ${await service.operatorToken()}` };
  const answer = await fetch(`${service.url}/v2/default/mirror/manifests/latest`, { headers });
  assert.deepEqual([answer.status, answer.headers.get('docker-content-digest')], [200, digest]);
  assert.equal((await outcomeOf(['run', 'json:raw', ...data])).error?.code, 'STORAGE_FULL');
  await rm(join(disk, 'ballast'));
  assert.ok((await outcomeOf(['run', 'json:raw', ...data])).digest);
});

it('a folder that takes no writes is STORAGE_FAILED with a hint, and works once it does', async (t) => {
  const disk = await smallDisk(t, '64m');
  if (disk === undefined) return;
  const data = ['--data', join(disk, 'data')];
  await exportCenterJson([...ingestArgs(sampleEvidence.day1), ...data]);
  await mustRun('mount', ['-o', 'remount,ro', disk]);
  for (const args of [['run', 'json:raw'], ingestArgs(sampleEvidence.day2), ['serve', '--listen', '127.0.0.1:0']]) {
    const { error } = await outcomeOf([...args, ...data]);
    assert.equal(error?.code, 'STORAGE_FAILED', `${args.join(' ')}: ${JSON.stringify(error)}`);
    assert.ok(error.hint);
  }
  await mustRun('mount', ['-o', 'remount,rw', disk]);
  assert.ok((await outcomeOf(['run', 'json:raw', ...data])).digest);
});
