// Forgets history that no kept state can ask for any more: entries that ended before the oldest one, and texts that
// nothing points at. Holds the tenant's lock, under which every ingest begins, so that no text goes that is being staged.

import type { Database, Queryable } from './database.ts';
import { findTenant } from './tenants.ts';

export type Pruned = { readonly entries: number; readonly texts: number };

const nothing: Pruned = { entries: 0, texts: 0 };

/** Removes what ended at or before the oldest sequence that a published state names; nothing while work is going on. */
export async function pruneEvidence(db: Database, tenant: string): Promise<Pruned> {
  const id = await findTenant(db, tenant);
  return id === undefined ? nothing : db.transaction((tx) => prune(tx, id, tenant));
}

async function prune(tx: Queryable, id: number, tenant: string): Promise<Pruned> {
  const locked = await tx.query<{ sequence: number }>(
    'update tenant set sequence = sequence where id = $1 returning sequence',
    [id],
  );
  if (await isBusy(tx, id, tenant)) return nothing;
  const oldest = await oldestPublished(tx, tenant, locked[0]?.sequence ?? 0);
  // A plan older than that would be moved on from history that goes now; it is made anew when it is needed.
  await tx.query('delete from scope_state where tenant = $1 and sequence < $2', [tenant, oldest]);
  const entries = await tx.query(`delete from entry where tenant = $1 and to_seq <= $2 returning place`, [id, oldest]);
  const texts = await tx.query(
    `delete from body where tenant = $1
       and digest not in (select digest from entry where tenant = $1) returning digest`,
    [id],
  );
  return { entries: entries.length, texts: texts.length };
}

/** Ingests may be staging texts, and runs reading a state that is no longer the newest. */
async function isBusy(tx: Queryable, id: number, tenant: string): Promise<boolean> {
  const busy = await tx.query(
    `select 1 as one from ingest where tenant = $1 and state = 'staging'
     union all select 1 from run where tenant = $2 and lease_owner is not null limit 1`,
    [id, tenant],
  );
  return busy.length > 0;
}

async function oldestPublished(tx: Queryable, tenant: string, newest: number): Promise<number> {
  const rows = await tx.query<{ oldest: number | null }>(
    'select min(sequence) as oldest from published_state where tenant = $1',
    [tenant],
  );
  return Math.min(rows[0]?.oldest ?? newest, newest);
}
