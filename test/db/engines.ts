// Runs one test on SQLite and on PostgreSQL, each time with an empty database of its own.

import { after, test, type TestContext } from 'node:test';
import { join } from 'node:path';
import { systemClock } from '../../src/core/clock.ts';
import type { Database, Engine } from '../../src/db/database.ts';
import { openDatabase, type DatabaseLocation } from '../../src/db/open-database.ts';
import { openPostgres } from '../../src/db/postgres.ts';
import { openSqlite } from '../../src/db/sqlite.ts';
import { judgeOrSkip } from '../judges.ts';
import { startPostgres, type PostgresServer } from '../support/postgres.ts';
import { atEnd, type Scope } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

export type TestEngine = {
  readonly engine: Engine;
  readonly location: DatabaseLocation;
  /** Opened and migrated; closed after the test. */
  readonly open: () => Promise<Database>;
  /** Opened as it is, without any table. */
  readonly openEmpty: () => Promise<Database>;
};

// Registered while the file loads: inside a test, `after` would belong to that test.
const cleanups: (() => void | Promise<void>)[] = [];
after(async () => {
  for (const cleanup of cleanups) await cleanup();
});

let server: Promise<PostgresServer> | undefined;
let databases = 0;

/** One server for each test file, started by the first test that wants it. */
export function sharedPostgres(): Promise<PostgresServer> {
  return (server ??= startPostgres({ after: (cleanup) => void cleanups.push(cleanup) }));
}

export async function emptyPostgres(): Promise<string> {
  return (await sharedPostgres()).createDatabase(`test_${++databases}`);
}

/** Registers the test once for each engine. */
export function onEachEngine(name: string, body: (t: TestContext, engine: TestEngine) => Promise<void>): void {
  test(`${name} (SQLite)`, async (t) => {
    const file = join(await temporaryFolder(t, 'sqlite'), 'center.db');
    await body(t, testEngine(t, 'sqlite', { file }));
  });
  test(`${name} (PostgreSQL)`, async (t) => {
    if (judgeOrSkip(t, 'postgres') === undefined) return;
    await body(t, testEngine(t, 'postgres', { url: await emptyPostgres() }));
  });
}

function testEngine(scope: Scope, engine: Engine, location: DatabaseLocation): TestEngine {
  const kept = (database: Database): Database => {
    atEnd(scope, () => database.close());
    return database;
  };
  return {
    engine,
    location,
    open: async () => kept(await openDatabase(location, systemClock)),
    openEmpty: async () => kept('file' in location ? await openSqlite(location.file) : openPostgres(location.url)),
  };
}

export async function sqliteFile(scope: Scope): Promise<string> {
  return join(await temporaryFolder(scope, 'sqlite'), 'center.db');
}
