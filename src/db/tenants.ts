// Tenants have a number inside the database, so that the large tables stay small.

import { ExportError } from '../core/errors.ts';
import type { Queryable } from './database.ts';

/** The number of tenant `name`, or undefined when it has never been written to. */
export async function findTenant(on: Queryable, name: string): Promise<number | undefined> {
  const rows = await on.query<{ id: number }>('select id from tenant where name = $1', [name]);
  return rows[0]?.id;
}

/** The number of tenant `name`, which is made when it is not there. */
export async function ensureTenant(on: Queryable, name: string): Promise<number> {
  // Two first writers may pick the same number; the loser skips and picks the next.
  for (let attempt = 0; attempt < 20; attempt++) {
    const id = await findTenant(on, name);
    if (id !== undefined) return id;
    await on.query(
      `insert into tenant (id, name, sequence)
       select coalesce(max(id), 0) + 1, $1, 0 from tenant where true on conflict do nothing`,
      [name],
    );
  }
  throw new ExportError('INTERNAL', `no number for the tenant ${name} could be found`);
}

export type TenantRow = { readonly name: string; readonly createdAt: string | null };

/** All tenants by name; `createdAt` is null for those that came to be by being written to. */
export function allTenants(on: Queryable): Promise<TenantRow[]> {
  return on.query<TenantRow>('select name, created_at as "createdAt" from tenant order by name');
}

/** Makes a tenant; false when it is there already. */
export async function addTenant(on: Queryable, name: string, at: string): Promise<boolean> {
  if ((await findTenant(on, name)) !== undefined) return false;
  const id = await ensureTenant(on, name);
  const rows = await on.query('update tenant set created_at = $2 where id = $1 and created_at is null returning id', [
    id,
    at,
  ]);
  return rows.length > 0;
}
