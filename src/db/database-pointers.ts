// The databases of others that the evidence of a tenant points to now (docs/formats.md, "Databases taken in").

import { databaseFormats, parsePointer, type DatabasePointer } from '../evidence/database-pointer.ts';
import { placeholders, type Queryable } from './database.ts';
import { findTenant } from './tenants.ts';

/** What these collections, each of a format of databases, point to. */
export async function pointersOf(
  db: Queryable,
  tenant: number,
  collections: readonly string[],
): Promise<DatabasePointer[]> {
  if (collections.length === 0) return [];
  const rows = await db.query<{ text: string }>(
    `select b.text from entry e join body b on b.tenant = e.tenant and b.digest = e.digest
     where e.tenant = $1 and e.view = 'raw' and e.to_seq is null and e.c in (${placeholders(2, collections.length)})
     order by e.c, e.k`,
    [tenant, ...collections],
  );
  return rows.map(({ text }) => parsePointer(text));
}

/** What all sources of the tenant point to. */
export async function allPointers(db: Queryable, tenant: string): Promise<DatabasePointer[]> {
  const id = await findTenant(db, tenant);
  if (id === undefined) return [];
  const sources = await db.query<{ name: string }>('select name from source where tenant = $1', [id]);
  const pointers: DatabasePointer[] = [];
  for (const { name } of sources) {
    const collections = databaseFormats.map((format) => `${format}/${name}`);
    pointers.push(...(await pointersOf(db, id, collections)));
  }
  return pointers;
}

/** Whether a run of the tenant is being worked on, which may read what was pointed to when it began. */
export async function hasRunAtWork(db: Queryable, tenant: string): Promise<boolean> {
  const rows = await db.query('select 1 as one from run where tenant = $1 and lease_owner is not null limit 1', [
    tenant,
  ]);
  return rows.length > 0;
}
