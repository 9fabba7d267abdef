// Executes queued runs: claims by lease with fencing, renews the lease while it works, retries what may pass later.
// A lease of a dead process of this machine counts as ended, so that a crash costs no waiting.

import type { Clock } from '../core/clock.ts';
import { ExportError, toExportError } from '../core/errors.ts';
import type { Database } from '../db/database.ts';
import {
  addRunEvent,
  changeRun,
  claimRun,
  openRuns,
  renewLease,
  runById,
  type Lease,
  type RunChange,
  type RunRow,
} from '../db/runs.ts';
import { Bell } from './bell.ts';
import { isGone, newLeaseOwner } from './lease-owner.ts';
import type { RunRequest, RunResult } from './center.ts';
import type { RunProgress, RunTask } from './run-context.ts';

export type RunQueueOptions = {
  readonly db: Database;
  readonly clock: Clock;
  readonly execute: (tenant: string, task: RunTask) => Promise<RunResult>;
  /** Told whenever a run has a new event. */
  readonly onEvent?: () => void;
  /** Told of every attempt that failed, with its cause. */
  readonly onFailure?: (run: string, error: ExportError) => void;
};

const leaseMs = 30_000;
const heartbeatMs = 2_000;
const pollMs = 500;
const maxAttempts = 8;

export class RunQueue {
  readonly #options: RunQueueOptions;
  readonly #bell = new Bell();
  readonly #owner = newLeaseOwner();

  constructor(options: RunQueueOptions) {
    this.#options = options;
  }

  /** Claims and executes until `signal` aborts; the run in work is given back then. */
  async work(signal: AbortSignal): Promise<void> {
    const stop = (): void => this.#bell.ring();
    signal.addEventListener('abort', stop);
    try {
      while (!signal.aborted) {
        const wait = this.#bell.listen();
        const worked = await this.workOnce(signal).catch((error: unknown) => this.#survive(error));
        if (!worked && !signal.aborted) await wait(pollMs);
      }
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** Tells that a run was queued in this process; those of others are found a little later. */
  wake(): void {
    this.#bell.ring();
  }

  /** Executes one run that waits (the one named, if any); false when there is none. */
  async workOnce(signal: AbortSignal, only?: string): Promise<boolean> {
    for (const row of await openRuns(this.#options.db, this.#now())) {
      if ((only !== undefined && row.id !== only) || !this.#isFree(row)) continue;
      const claimed = await claimRun(this.#options.db, row, {
        owner: this.#owner,
        until: this.#until(),
        now: this.#now(),
      });
      if (!claimed) continue;
      await this.#attempt(claimed, signal);
      return true;
    }
    return false;
  }

  /** A database that is away, or has no space, comes back: the loop goes on. Anything else is a defect and ends it. */
  #survive(error: unknown): false {
    const known = toExportError(error);
    if (!known.retryable && known.code !== 'CANCELLED' && known.code !== 'STORAGE_FULL') throw known;
    this.#options.onFailure?.('-', known);
    return false;
  }

  #isFree({ leaseOwner, leaseUntil }: RunRow): boolean {
    if (leaseOwner === null || leaseUntil === null || leaseUntil < this.#now()) return true;
    return leaseOwner !== this.#owner && isGone(leaseOwner);
  }

  async #attempt(row: RunRow, signal: AbortSignal): Promise<void> {
    const lease = { run: row.id, owner: this.#owner };
    const own = new AbortController();
    const heartbeat = this.#heartbeat(lease, own);
    const stop = (): void => own.abort(new ExportError('CANCELLED', 'the service stops', { retryable: true }));
    signal.addEventListener('abort', stop);
    try {
      if (row.cancelRequested === 1) own.abort(cancelled());
      const result = await this.#options.execute(row.tenant, this.#task(row, lease, own.signal));
      own.signal.throwIfAborted();
      await this.#end(lease, 'succeeded', { result: JSON.stringify(result) }, 'done');
    } catch (thrown) {
      await this.#fail(row, lease, toExportError(own.signal.aborted ? own.signal.reason : thrown));
    } finally {
      clearInterval(heartbeat);
      signal.removeEventListener('abort', stop);
    }
  }

  #task(row: RunRow, lease: Lease, signal: AbortSignal): RunTask {
    return {
      id: row.id,
      request: JSON.parse(row.request) as RunRequest,
      startedAt: this.#options.clock.now(),
      signal,
      report: (progress) => this.#report(lease, progress),
    };
  }

  async #report(lease: Lease, { state, message, done, total }: RunProgress): Promise<void> {
    const { db } = this.#options;
    const at = this.#now();
    if (done === undefined) await changeRun(db, lease, { state, at });
    await addRunEvent(db, lease.run, { at, state, message, done: done ?? null, total: total ?? null }).catch(
      () => undefined,
    );
    this.#options.onEvent?.();
  }

  #heartbeat(lease: Lease, own: AbortController): NodeJS.Timeout {
    return setInterval(() => {
      renewLease(this.#options.db, lease, this.#until()).then(
        ({ cancelRequested }) => cancelRequested && own.abort(cancelled()),
        // A database that is away for a moment does not end the run; a lease that was lost does.
        (error: unknown) => toExportError(error).code === 'CANCELLED' && own.abort(error),
      );
    }, heartbeatMs);
  }

  async #fail(row: RunRow, lease: Lease, error: ExportError): Promise<void> {
    this.#options.onFailure?.(row.id, error);
    if (mayPassLater(error) && row.attempt < maxAttempts) return this.#retryLater(row, lease, error);
    const { code, message, hint } = error;
    const failure = JSON.stringify({ code, message, ...(hint === undefined ? {} : { hint }) });
    const state = code === 'CANCELLED' ? 'cancelled' : 'failed';
    await this.#persist(() => this.#end(lease, state, { failure }, message));
  }

  async #retryLater(row: RunRow, lease: Lease, error: ExportError): Promise<void> {
    const waitMs = Math.min(2 ** row.attempt * 250, 30_000);
    const runAfter = new Date(this.#options.clock.now().getTime() + waitMs).toISOString();
    const message = `attempt ${row.attempt} failed, another follows: ${error.message}`;
    await this.#persist(() => this.#release(lease, { state: 'queued', runAfter }, message));
  }

  async #end(lease: Lease, state: RunRow['state'], ended: { result?: string; failure?: string }, message: string) {
    await this.#release(lease, { state, ...ended }, message);
  }

  /** Gives the lease back with the event that says why, in one: who sees the state finds the event. */
  async #release(lease: Lease, change: Omit<RunChange, 'at' | 'release'>, message: string): Promise<void> {
    const at = this.#now();
    const { state } = change;
    await this.#options.db.transaction(async (tx) => {
      await changeRun(tx, lease, { ...change, at, release: true });
      await addRunEvent(tx, lease.run, { at, state, message, done: null, total: null });
    });
    this.#options.onEvent?.();
  }

  /** Writes an outcome although the database may be away for a minute. Nothing is written when the lease was lost. */
  async #persist(write: () => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await write();
      } catch (thrown) {
        const error = toExportError(thrown);
        if (error.code === 'CANCELLED') return;
        if (!error.retryable || attempt === 60) throw error;
        await sleep(1_000);
      }
    }
  }

  #now(): string {
    return this.#options.clock.now().toISOString();
  }

  #until(): string {
    return new Date(this.#options.clock.now().getTime() + leaseMs).toISOString();
  }
}

/** Waits until a run has ended, without executing it. */
export async function awaitEnd(db: Database, tenant: string, id: string, signal?: AbortSignal): Promise<RunRow> {
  for (;;) {
    const row = await runById(db, tenant, id);
    if (!row) throw new ExportError('NOT_FOUND', `no run ${id}`);
    if (isEnded(row.state)) return row;
    await sleep(150, signal);
    signal?.throwIfAborted();
  }
}

export function isEnded(state: string): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}

/** A full disk is for people: a run that would wait for them in silence helps nobody. */
function mayPassLater(error: ExportError): boolean {
  return error.retryable && error.code !== 'STORAGE_FULL';
}

function cancelled(): ExportError {
  return new ExportError('CANCELLED', 'the run was cancelled');
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
    if (signal?.aborted) done();
    else signal?.addEventListener('abort', done, { once: true });
  });
}
