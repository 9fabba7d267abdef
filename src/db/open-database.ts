// The one way to a database that is ready for use: opened, and brought to this program's version.

import type { Clock } from '../core/clock.ts';
import type { Database } from './database.ts';
import { migrate } from './migrate.ts';
import { openSqlite } from './sqlite.ts';

export type DatabaseLocation = { readonly file: string } | { readonly url: string };

/** Opens SQLite in `file` or PostgreSQL at `url` (a `postgres://` URL, never logged) and migrates it. */
export async function openDatabase(location: DatabaseLocation, clock: Clock): Promise<Database> {
  const database = await open(location);
  try {
    await migrate(database, clock);
    return database;
  } catch (error) {
    await database.close().catch(() => undefined);
    throw error;
  }
}

async function open(location: DatabaseLocation): Promise<Database> {
  if ('file' in location) return openSqlite(location.file);
  // Loaded only when wanted: the embedded default starts faster without it.
  const { openPostgres } = await import('./postgres.ts');
  return openPostgres(location.url);
}
