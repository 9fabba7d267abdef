// The one commit of an ingest (formats.md §11). The tenant's row is locked first, so commits come one after the other
// and each gets the next sequence number; entries are closed and opened, never changed, so older states stay readable.

import type { Clock } from '../core/clock.ts';
import { ExportError } from '../core/errors.ts';
import type { CommitOptions } from '../evidence/writer.ts';
import type { Database, Queryable } from './database.ts';
import { repeatableTransaction } from './repeatable.ts';
import { clearStaged, type OpenIngest } from './open-ingest.ts';

/** Commits and returns the tenant's sequence that holds the ingest. Safe to call again when the answer was lost. */
export async function commitIngest(
  db: Database,
  ingest: OpenIngest,
  options: CommitOptions,
  clock: Clock,
): Promise<number> {
  const rows = await stagedRows(db, ingest);
  const sequence = await repeatableTransaction(db, (tx) => commit(tx, ingest, options, clock));
  if (rows > manyRows) await refreshStatistics(db);
  return sequence;
}

async function stagedRows(db: Database, ingest: OpenIngest): Promise<number> {
  const rows = await db.query<{ staged: number }>('select count(*) as staged from staged where ingest = $1', [
    ingest.id,
  ]);
  return rows[0]?.staged ?? 0;
}

/** From here on PostgreSQL's idea of the tables is worth refreshing at once, not when its autovacuum comes by. */
const manyRows = 5_000;

async function refreshStatistics(db: Database): Promise<void> {
  // SQLite plans by the shape of a query, and the queries are written for that.
  if (db.engine !== 'postgres') return;
  // Only the speed of reading depends on it; the ingest is committed.
  await db
    .execute('analyze entry (tenant, view, c, k, path, place, from_seq, to_seq); analyze body (tenant, digest)')
    .catch(() => undefined);
}

async function commit(tx: Queryable, ingest: OpenIngest, options: CommitOptions, clock: Clock): Promise<number> {
  const now = await lockTenant(tx, ingest);
  const state = await ingestState(tx, ingest);
  if (state.state === 'committed') return state.sequence ?? now;
  if (state.state === 'dropped') throw conflict(`the ingest into ${ingest.source} stood still and was given up`);
  if ((await newestSequence(tx, ingest)) > ingest.base) {
    throw conflict(`another ingest changed ${ingest.source} meanwhile`);
  }
  const changed = await hasStaged(tx, ingest);
  const sequence = changed ? now + 1 : now;
  if (changed) {
    await tx.query('update tenant set sequence = $2 where id = $1', [ingest.tenant, sequence]);
    await closeEntries(tx, ingest, sequence);
    await openEntries(tx, ingest, sequence);
  }
  const at = clock.now().toISOString();
  await recordRejections(tx, ingest, options, at);
  await recordSource(tx, ingest, options, changed ? sequence : ingest.base);
  await tx.query(`update ingest set state = 'committed', sequence = $2, committed_at = $3 where id = $1`, [
    ingest.id,
    changed ? sequence : null,
    at,
  ]);
  await clearStaged(tx, ingest.id);
  return sequence;
}

/** Locks the tenant's row (an update that changes nothing locks on both engines) and returns its sequence. */
async function lockTenant(tx: Queryable, ingest: OpenIngest): Promise<number> {
  const rows = await tx.query<{ sequence: number }>(
    'update tenant set sequence = sequence where id = $1 returning sequence',
    [ingest.tenant],
  );
  return rows[0]?.sequence ?? 0;
}

async function ingestState(
  tx: Queryable,
  ingest: OpenIngest,
): Promise<{ readonly state: string; readonly sequence: number | null }> {
  const rows = await tx.query<{ state: string; sequence: number | null }>(
    'select state, sequence from ingest where id = $1',
    [ingest.id],
  );
  return rows[0] ?? { state: 'dropped', sequence: null };
}

async function newestSequence(tx: Queryable, ingest: OpenIngest): Promise<number> {
  const rows = await tx.query<{ sequence: number | null }>(
    'select max(sequence) as sequence from ingest where tenant = $1 and source = $2',
    [ingest.tenant, ingest.source],
  );
  return rows[0]?.sequence ?? 0;
}

async function hasStaged(tx: Queryable, ingest: OpenIngest): Promise<boolean> {
  const rows = await tx.query(`select 1 as one from staged where ingest = $1 and op in ('put', 'del') limit 1`, [
    ingest.id,
  ]);
  return rows.length > 0;
}

/** Ends what the staged documents held, except where the same text comes again under the same key. */
async function closeEntries(tx: Queryable, ingest: OpenIngest, sequence: number): Promise<void> {
  await tx.query(
    `update entry set to_seq = $3
     from (select c, path from staged where ingest = $2 and view = 'raw' and op in ('put', 'del')) d
     where entry.tenant = $1 and entry.c = d.c and entry.path = d.path and entry.to_seq is null
       and not exists (
         select 1 from staged s
         where s.ingest = $2 and s.op = 'put' and s.view = entry.view and s.c = entry.c and s.k = entry.k
           and s.digest = entry.digest)`,
    [ingest.tenant, ingest.id, sequence],
  );
}

/** Begins what was put; an entry that was not closed holds the same text and stays. */
async function openEntries(tx: Queryable, ingest: OpenIngest, sequence: number): Promise<void> {
  const columns = 'view, c, k, path, place, digest, size, doc_id, ecosystems, stamp';
  await tx.query(
    `insert into entry (tenant, source, from_seq, ${columns})
     select $1, $3, $4, ${columns} from staged s
     where s.ingest = $2 and s.op = 'put'
     on conflict (tenant, view, c, k) where to_seq is null do nothing`,
    [ingest.tenant, ingest.id, ingest.source, sequence],
  );
}

/** Ends the refusals of documents that were taken or removed, and of this input's last time; adds the new ones. */
async function recordRejections(tx: Queryable, ingest: OpenIngest, options: CommitOptions, at: string): Promise<void> {
  const { tenant, source, origin, id } = ingest;
  await tx.query(
    `delete from rejection where tenant = $1 and source = $2
       and (origin = $3 or $4 = 1 or exists (
         select 1 from staged s
         where s.ingest = $5 and s.view = 'raw' and s.c = rejection.c and s.k = rejection.path))`,
    [tenant, source, origin, options.complete ? 1 : 0, id],
  );
  await tx.query(
    `insert into rejection (tenant, source, c, path, origin, code, message, at)
     select $1, $2, c, path, $3, code, message, $4 from staged_rejection where ingest = $5
     on conflict (tenant, source, c, path) do update
       set origin = excluded.origin, code = excluded.code, message = excluded.message, at = excluded.at`,
    [tenant, source, origin, at, id],
  );
}

async function recordSource(
  tx: Queryable,
  ingest: OpenIngest,
  options: CommitOptions,
  sequence: number,
): Promise<void> {
  const { tenant, source } = ingest;
  await tx.query(
    `insert into source (tenant, name, licence, attribution) values ($1, $2, $3, $4)
     on conflict (tenant, name) do update
       set licence = coalesce(excluded.licence, source.licence),
           attribution = coalesce(excluded.attribution, source.attribution)`,
    [tenant, source, options.licence ?? null, options.attribution ?? null],
  );
  const { fetched } = options;
  if (fetched === undefined) return;
  await tx.query(
    `insert into source_fetch (tenant, source, url, etag, synced, documents, sequence)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (tenant, source, url) do update
       set etag = excluded.etag, synced = excluded.synced, documents = excluded.documents,
           sequence = excluded.sequence`,
    [tenant, source, fetched.url, fetched.etag, fetched.synced ? 1 : 0, fetched.documents, sequence],
  );
}

function conflict(message: string): ExportError {
  return new ExportError('CONFLICT', message, { hint: 'run the ingest again', retryable: true });
}
