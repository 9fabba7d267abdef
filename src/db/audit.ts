// The audit: who changed what, and who was refused. Rows are only ever added.

import { randomBytes } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import type { Queryable } from './database.ts';

export type AuditRow = {
  readonly id: string;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly tenant: string | null;
  readonly target: string;
  /** JSON. */
  readonly detail: string;
};

export type AuditEntry = {
  readonly actor: string;
  /** Noun and verb: `token.create`. */
  readonly action: string;
  /** Absent where the whole installation is meant. */
  readonly tenant?: string;
  readonly target: string;
  /** What was set; never a secret. */
  readonly detail?: { readonly [name: string]: unknown };
};

/** Adds an entry; within a transaction together with what it tells of. */
export async function addAudit(db: Queryable, entry: AuditEntry, clock: Clock): Promise<void> {
  const at = clock.now();
  // Sorts by time; within a millisecond by the order of the calls, as far as one process can tell.
  const order = process.hrtime.bigint().toString(16).padStart(16, '0');
  const id = `${at.getTime().toString(16).padStart(12, '0')}-${order}-${randomBytes(4).toString('hex')}`;
  await db.query(
    'insert into audit (id, at, actor, action, tenant, target, detail) values ($1, $2, $3, $4, $5, $6, $7)',
    [
      id,
      at.toISOString(),
      entry.actor,
      entry.action,
      entry.tenant ?? null,
      entry.target,
      JSON.stringify(entry.detail ?? {}),
    ],
  );
}

/** The newest entries first, from before entry `before` on. */
export function auditEntries(db: Queryable, limit: number, before?: string): Promise<AuditRow[]> {
  const columns = 'id, at, actor, action, tenant, target, detail';
  const count = Math.trunc(limit);
  return before === undefined
    ? db.query<AuditRow>(`select ${columns} from audit order by id desc limit ${count}`)
    : db.query<AuditRow>(`select ${columns} from audit where id < $1 order by id desc limit ${count}`, [before]);
}
