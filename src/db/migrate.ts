// Brings a database to the version of this code. Each file of migrations/ runs once, in order, inside one transaction
// under a lock, and is recorded with its SHA-256: a file that changed afterwards, or a database of a newer program, is
// refused rather than guessed at.

import { readdir, readFile } from 'node:fs/promises';
import { hash } from 'node:crypto';
import { formatSeconds, type Clock } from '../core/clock.ts';
import { ExportError } from '../core/errors.ts';
import type { Database, Engine, Queryable } from './database.ts';

type Migration = { readonly version: number; readonly name: string; readonly script: string; readonly sha256: string };

type Recorded = { readonly version: number; readonly name: string; readonly sha256: string };

const ownMigrations = new URL('./migrations/', import.meta.url);

/** Any constant does, as long as it never changes: the key of PostgreSQL's advisory lock. */
const lockKey = 7_310_585_001;

/**
 * Applies what is missing and returns the version reached. Throws CONFLICT when a recorded migration differs from the
 * file of that number, or when the database is newer than this program (both versions are named).
 */
export async function migrate(database: Database, clock: Clock, folder: URL = ownMigrations): Promise<number> {
  const migrations = await readMigrations(folder, database.engine);
  const newest = migrations.at(-1)?.version ?? 0;
  // Nearly every start ends here, after one read.
  const before = await recordedMigrations(database).catch(noneYet);
  if (before !== undefined && check(migrations, before) === newest) return newest;
  await database.transaction((tx) => applyMissing(tx, migrations, clock));
  return newest;
}

async function applyMissing(tx: Queryable, migrations: readonly Migration[], clock: Clock): Promise<void> {
  if (tx.engine === 'postgres') await tx.query(`select pg_advisory_xact_lock(${lockKey})`);
  await tx.execute(
    `create table if not exists schema_migration (
       version bigint not null primary key, name text not null, sha256 text not null, applied_at text not null)`,
  );
  const reached = check(migrations, await recordedMigrations(tx));
  for (const { version, name, script, sha256 } of migrations) {
    if (version <= reached) continue;
    await tx.execute(script);
    await tx.query('insert into schema_migration (version, name, sha256, applied_at) values ($1, $2, $3, $4)', [
      version,
      name,
      sha256,
      formatSeconds(clock.now()),
    ]);
  }
}

async function readMigrations(folder: URL, engine: Engine): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(new URL(name, folder), 'utf8');
      const script = engine === 'postgres' ? postgresScript(text) : text;
      // Of the file, not of the dialect: both engines then record the same.
      return { version: Number(name.slice(0, 4)), name, script, sha256: hash('sha256', text) };
    }),
  );
}

function recordedMigrations(on: Queryable): Promise<Recorded[]> {
  return on.query<Recorded>('select version, name, sha256 from schema_migration order by version');
}

/** A database without the table is new; anything else stays an error. */
function noneYet(error: unknown): undefined {
  const message = error instanceof ExportError ? error.message : '';
  if (/no such table|does not exist/.test(message)) return undefined;
  throw error;
}

/** The version that `recorded` reaches; throws when it is not a beginning of `migrations`. */
function check(migrations: readonly Migration[], recorded: readonly Recorded[]): number {
  const reached = recorded.at(-1)?.version ?? 0;
  const newest = migrations.at(-1)?.version ?? 0;
  if (reached > newest) {
    throw new ExportError(
      'CONFLICT',
      `the database has version ${reached}, this program knows versions up to ${newest}`,
      {
        hint: 'use the newer program, or restore a backup from before it was used',
      },
    );
  }
  for (const { version, name, sha256 } of recorded) {
    const own = migrations.find((migration) => migration.version === version);
    if (own?.sha256 === sha256) continue;
    throw new ExportError('CONFLICT', `migration ${name} of the database is not the one of this program`, {
      hint: 'the file was changed after it had been applied; use the program that wrote this database',
    });
  }
  return reached;
}

/** What is for PostgreSQL alone stands in comments, which SQLite passes over. */
function postgresScript(text: string): string {
  return text.replaceAll('/*bytewise*/', 'collate "C"').replaceAll(/\/\*postgres\s([^]*?)\*\//g, '$1');
}
