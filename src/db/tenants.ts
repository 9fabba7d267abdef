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
