// The queue: each run is executed once, by whoever holds its lease; crashes, cancels and passing failures.

import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../src/core/clock.ts';
import { ExportError } from '../../src/core/errors.ts';
import type { Database } from '../../src/db/database.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import {
  changeRun,
  claimRun,
  insertRun,
  openRuns,
  requestCancel,
  runById,
  runEventsAfter,
  type RunRow,
} from '../../src/db/runs.ts';
import type { RunResult } from '../../src/runs/center.ts';
import type { RunTask } from '../../src/runs/run-context.ts';
import { RunQueue } from '../../src/runs/run-queue.ts';
import { atEnd } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const never = new AbortController().signal;
const result = { digest: 'sha256:x' } as unknown as RunResult;

async function open(t: TestContext): Promise<Database> {
  const db = await openDatabase({ file: join(await temporaryFolder(t), 'center.db') }, systemClock);
  atEnd(t, () => db.close());
  return db;
}

function queueRun(db: Database, id: string): Promise<RunRow> {
  const createdAt = systemClock.now().toISOString();
  return insertRun(db, {
    id,
    tenant: 'default',
    profile: 'p',
    request: '{"profile":"p"}',
    idempotencyKey: null,
    createdAt,
  });
}

function queueOf(db: Database, execute: (task: RunTask) => Promise<RunResult>): RunQueue {
  return new RunQueue({ db, clock: systemClock, execute: (_tenant, task) => execute(task) });
}

async function stateOf(db: Database, id: string): Promise<RunRow> {
  return (await runById(db, 'default', id)) as RunRow;
}

describe('the run queue', () => {
  it('gives each run to one of several workers', async (t) => {
    const db = await open(t);
    for (let i = 0; i < 30; i++) await queueRun(db, `run-${i}`);
    const executed: string[] = [];
    const drain = async (): Promise<void> => {
      const queue = queueOf(db, (task) => (executed.push(task.id), Promise.resolve(result)));
      while (await queue.workOnce(never));
    };
    await Promise.all([drain(), drain(), drain()]);
    while (await queueOf(db, (task) => (executed.push(task.id), Promise.resolve(result))).workOnce(never));
    assert.equal(executed.length, 30);
    assert.equal(new Set(executed).size, 30);
  });

  it('takes over at once from a process of this machine that died', async (t) => {
    const db = await open(t);
    const row = await queueRun(db, 'run-1');
    const until = new Date(Date.now() + 60_000).toISOString();
    // A process id that no process can have.
    await claimRun(db, row, { owner: `${hostname()}:4194305:dead`, until, now: row.createdAt });
    assert.equal(await queueOf(db, () => Promise.resolve(result)).workOnce(never), true);
    assert.equal((await stateOf(db, 'run-1')).state, 'succeeded');
    assert.equal((await stateOf(db, 'run-1')).attempt, 2);
  });

  it('leaves a run alone whose lease another machine holds, and writes nothing after losing its own', async (t) => {
    const db = await open(t);
    const row = await queueRun(db, 'run-1');
    const until = new Date(Date.now() + 60_000).toISOString();
    await claimRun(db, row, { owner: 'elsewhere:1:a', until, now: row.createdAt });
    assert.equal(await queueOf(db, () => Promise.resolve(result)).workOnce(never), false);
    const [held] = await openRuns(db, row.createdAt);
    await claimRun(db, held as RunRow, { owner: 'elsewhere:1:b', until, now: row.createdAt });
    const late = changeRun(db, { run: 'run-1', owner: 'elsewhere:1:a' }, { state: 'succeeded', at: row.createdAt });
    await assert.rejects(late, { code: 'CANCELLED' });
    assert.equal((await stateOf(db, 'run-1')).state, 'planning');
  });

  it('repeats what may pass later and fails what may not', async (t) => {
    const db = await open(t);
    await queueRun(db, 'run-1');
    let attempts = 0;
    const queue = queueOf(db, () => {
      attempts++;
      if (attempts === 1) throw new ExportError('DATABASE_UNAVAILABLE', 'the database is away', { retryable: true });
      return Promise.resolve(result);
    });
    while ((await stateOf(db, 'run-1')).state !== 'succeeded') await queue.workOnce(never);
    assert.equal(attempts, 2);
    await queueRun(db, 'run-2');
    await queueOf(db, () => {
      throw new ExportError('ERR_EXPORT_SHRUNK', 'too small', { hint: 'look' });
    }).workOnce(never);
    const failed = await stateOf(db, 'run-2');
    assert.equal(failed.state, 'failed');
    assert.deepEqual(JSON.parse(failed.failure ?? ''), {
      code: 'ERR_EXPORT_SHRUNK',
      message: 'too small',
      hint: 'look',
    });
  });

  it('tells the events of a run in order', async (t) => {
    const db = await open(t);
    await queueRun(db, 'run-1');
    const queue = queueOf(db, async (task) => {
      await task.report({ state: 'planning', message: 'planning' });
      await task.report({ state: 'building', message: 'building' });
      return result;
    });
    await queue.workOnce(never);
    const events = await runEventsAfter(db, 'run-1', 0);
    assert.deepEqual(
      events.map(({ sequence, state }) => [sequence, state]),
      [
        [1, 'planning'],
        [2, 'building'],
        [3, 'succeeded'],
      ],
    );
  });

  it('cancels a run that nobody holds at once, and one in work at its next sign of life', async (t) => {
    const db = await open(t);
    await queueRun(db, 'waits');
    await requestCancel(db, 'default', 'waits', systemClock.now().toISOString());
    assert.equal((await stateOf(db, 'waits')).state, 'cancelled');
    await queueRun(db, 'works');
    const queue = queueOf(db, async (task) => {
      await requestCancel(db, 'default', 'works', systemClock.now().toISOString());
      await new Promise((resolve) => task.signal.addEventListener('abort', resolve));
      task.signal.throwIfAborted();
      return result;
    });
    await queue.workOnce(never);
    assert.equal((await stateOf(db, 'works')).state, 'cancelled');
  });
});
