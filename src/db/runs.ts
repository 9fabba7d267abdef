// Runs as rows: a queue with leases and fencing. Whoever holds the lease may write; a writer that lost it is told.

import { ExportError } from '../core/errors.ts';
import type { Database, Queryable } from './database.ts';

export type RunRow = {
  readonly id: string;
  readonly tenant: string;
  readonly profile: string;
  readonly request: string;
  readonly idempotencyKey: string | null;
  readonly state: string;
  readonly attempt: number;
  readonly runAfter: string;
  readonly leaseOwner: string | null;
  readonly leaseUntil: string | null;
  readonly cancelRequested: number;
  readonly result: string | null;
  readonly failure: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
};

export type RunEventRow = {
  readonly sequence: number;
  readonly at: string;
  readonly state: string;
  readonly message: string;
  readonly done: number | null;
  readonly total: number | null;
};

const columns = `id, tenant, profile, request, idempotency_key as "idempotencyKey", state, attempt,
  run_after as "runAfter", lease_owner as "leaseOwner", lease_until as "leaseUntil",
  cancel_requested as "cancelRequested", result, failure, created_at as "createdAt", updated_at as "updatedAt"`;

const ended = `('succeeded', 'failed', 'cancelled')`;

export type NewRun = Pick<RunRow, 'id' | 'tenant' | 'profile' | 'request' | 'idempotencyKey' | 'createdAt'>;

/** Queues a run, or finds the one that has the same idempotency key. */
export async function insertRun(db: Database, run: NewRun): Promise<RunRow> {
  await db.query(
    `insert into run (id, tenant, profile, request, idempotency_key, state, attempt, run_after, cancel_requested,
       created_at, updated_at)
     values ($1, $2, $3, $4, $5, 'queued', 0, $6, 0, $6, $6)
     on conflict (tenant, idempotency_key) do nothing`,
    [run.id, run.tenant, run.profile, run.request, run.idempotencyKey, run.createdAt],
  );
  const rows = await db.query<RunRow>(
    run.idempotencyKey === null
      ? `select ${columns} from run where tenant = $1 and id = $2`
      : `select ${columns} from run where tenant = $1 and idempotency_key = $2`,
    [run.tenant, run.idempotencyKey ?? run.id],
  );
  return rows[0] as RunRow;
}

export async function runById(db: Queryable, tenant: string, id: string): Promise<RunRow | undefined> {
  const rows = await db.query<RunRow>(`select ${columns} from run where tenant = $1 and id = $2`, [tenant, id]);
  return rows[0];
}

/** Newest first. */
export function runsOf(db: Queryable, tenant: string, limit: number): Promise<RunRow[]> {
  return db.query<RunRow>(
    `select ${columns} from run where tenant = $1 order by created_at desc, id desc limit ${Math.trunc(limit)}`,
    [tenant],
  );
}

/** Runs that wait for somebody: queued and due, or held under a lease. */
export function openRuns(db: Queryable, now: string): Promise<RunRow[]> {
  return db.query<RunRow>(
    `select ${columns} from run where state not in ${ended} and (state <> 'queued' or run_after <= $1)
     order by run_after, id limit 100`,
    [now],
  );
}

export type Lease = { readonly run: string; readonly owner: string };

/** Takes a run whose lease is still as it was seen; undefined when somebody else was quicker. */
export async function claimRun(
  db: Queryable,
  seen: Pick<RunRow, 'id' | 'leaseOwner' | 'attempt'>,
  lease: { readonly owner: string; readonly until: string; readonly now: string },
): Promise<RunRow | undefined> {
  const rows = await db.query<RunRow>(
    `update run set lease_owner = $1, lease_until = $2, state = 'planning', attempt = attempt + 1, updated_at = $3
     where id = $4 and attempt = $5 and state not in ${ended}
       and coalesce(lease_owner, '') = $6 returning ${columns}`,
    [lease.owner, lease.until, lease.now, seen.id, seen.attempt, seen.leaseOwner ?? ''],
  );
  return rows[0];
}

/** Prolongs a lease; answers whether somebody asked for the run to be cancelled. Throws CANCELLED when it was lost. */
export async function renewLease(db: Queryable, lease: Lease, until: string): Promise<{ cancelRequested: boolean }> {
  const rows = await db.query<{ cancelRequested: number }>(
    `update run set lease_until = $1 where id = $2 and lease_owner = $3
     returning cancel_requested as "cancelRequested"`,
    [until, lease.run, lease.owner],
  );
  if (rows[0] === undefined) throw lostLease(lease);
  return { cancelRequested: rows[0].cancelRequested === 1 };
}

export type RunChange = {
  readonly state: string;
  readonly at: string;
  readonly result?: string;
  readonly failure?: string;
  /** Gives the lease back; for an end, and for a retry later. */
  readonly release?: boolean;
  readonly runAfter?: string;
};

/** Moves a run on under its lease. Throws CANCELLED when the lease was lost. */
export async function changeRun(db: Queryable, lease: Lease, change: RunChange): Promise<void> {
  const rows = await db.query<{ id: string }>(
    `update run set state = $1, updated_at = $2, result = coalesce($3, result), failure = coalesce($4, failure),
       lease_owner = case when $5 = 1 then null else lease_owner end,
       lease_until = case when $5 = 1 then null else lease_until end,
       run_after = coalesce($6, run_after)
     where id = $7 and lease_owner = $8 returning id`,
    [
      change.state,
      change.at,
      change.result ?? null,
      change.failure ?? null,
      change.release === true ? 1 : 0,
      change.runAfter ?? null,
      lease.run,
      lease.owner,
    ],
  );
  if (rows.length === 0) throw lostLease(lease);
}

/** Asks for a cancel; a run that nobody holds is cancelled at once. */
export async function requestCancel(db: Queryable, tenant: string, id: string, now: string): Promise<void> {
  await db.query(
    `update run set cancel_requested = 1, updated_at = $3,
       state = case when lease_owner is null then 'cancelled' else state end
     where tenant = $1 and id = $2 and state not in ${ended}`,
    [tenant, id, now],
  );
}

export async function addRunEvent(db: Queryable, run: string, event: Omit<RunEventRow, 'sequence'>): Promise<void> {
  await db.query(
    `insert into run_event (run, sequence, at, state, message, done, total)
     values ($1, (select coalesce(max(sequence), 0) + 1 from run_event where run = $1), $2, $3, $4, $5, $6)`,
    [run, event.at, event.state, event.message, event.done, event.total],
  );
}

export function runEventsAfter(db: Queryable, run: string, after: number): Promise<RunEventRow[]> {
  return db.query<RunEventRow>(
    `select sequence, at, state, message, done, total from run_event where run = $1 and sequence > $2
     order by sequence limit 1000`,
    [run, after],
  );
}

function lostLease(lease: Lease): ExportError {
  return new ExportError('CANCELLED', `run ${lease.run} was taken over by another process`);
}
