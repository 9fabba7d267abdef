// How fast evidence is taken in on both engines, by the program as a user starts it, beside the plain insertion of the
// same rows into PostgreSQL.

import { openPostgres } from '../../src/db/postgres.ts';
import type { BulkInsert, Database, SqlRow, SqlValue } from '../../src/db/database.ts';
import { findJudge } from '../judges.ts';
import { startPostgres } from '../support/postgres.ts';
import type { Scope } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { evidenceDays, type Day } from './support-data.ts';
import { watchCommand, type Watched } from './support-process.ts';
import { printResult, printTable, rounded } from './support-report.ts';
import { withScope } from './support-scope.ts';

export function run(): Promise<void> {
  return withScope(async (scope) => {
    const { days } = await evidenceDays(await temporaryFolder(scope, 'bench-ingest'));
    const { file } = days[0] as Day;
    const sqlite = await ingest(scope, file, {});
    const documents = addedBy(sqlite);
    const postgres = await onPostgres(scope, file);
    const perSecond = (seconds: number | undefined): number | null =>
      seconds === undefined ? null : Math.round(documents / seconds);
    const figures = {
      documents,
      perSecondPostgres: perSecond(postgres?.ingest.seconds),
      perSecondSqlite: perSecond(sqlite.seconds),
      insertLimitPostgres: perSecond(postgres?.plainSeconds),
      rssMiB: rounded(Math.max(sqlite.rssMiB, postgres?.ingest.rssMiB ?? 0), 0),
    };
    printTable([
      { what: 'SQLite', perSecond: figures.perSecondSqlite ?? '–', rssMiB: rounded(sqlite.rssMiB, 0) },
      {
        what: 'PostgreSQL',
        perSecond: figures.perSecondPostgres ?? '–',
        rssMiB: rounded(postgres?.ingest.rssMiB ?? 0, 0),
      },
      { what: 'the same rows, plainly', perSecond: figures.insertLimitPostgres ?? '–', rssMiB: '' },
    ]);
    printResult('ingest', figures);
  });
}

async function ingest(scope: Scope, file: string, env: Readonly<Record<string, string>>): Promise<Watched> {
  const data = await temporaryFolder(scope, 'bench-data');
  return watchCommand(['ingest', 'osv', file, '--data', data], env);
}

function addedBy({ answer }: Watched): number {
  return (answer as { readonly added: number }).added;
}

type OnPostgres = { readonly ingest: Watched; readonly plainSeconds: number };

async function onPostgres(scope: Scope, file: string): Promise<OnPostgres | undefined> {
  if (findJudge('postgres') === undefined) {
    console.log('PostgreSQL is not here: its figures are left out');
    return undefined;
  }
  const server = await startPostgres(scope);
  const url = await server.createDatabase('bench');
  const watched = await ingest(scope, file, { DATABASE_URL: url });
  const db = openPostgres(url);
  try {
    return { ingest: watched, plainSeconds: await plainInsert(db) };
  } finally {
    await db.close();
  }
}

const tables: readonly Pick<BulkInsert, 'table' | 'columns'>[] = [
  { table: 'body', columns: { tenant: 'bigint', digest: 'text', text: 'text' } },
  {
    table: 'entry',
    columns: {
      tenant: 'bigint',
      view: 'text',
      c: 'text',
      k: 'text',
      source: 'text',
      path: 'text',
      place: 'bigint',
      digest: 'text',
      size: 'bigint',
      doc_id: 'text',
      ecosystems: 'text',
      stamp: 'text',
      from_seq: 'bigint',
    },
  },
];

/** Seconds to insert what the ingest stored into tables with the same indexes, a thousand rows a transaction. */
async function plainInsert(db: Database): Promise<number> {
  let seconds = 0;
  for (const { table, columns } of tables) {
    await db.execute(`create table plain_${table} (like ${table} including all)`);
    const names = Object.keys(columns);
    const found = await db.query(`select ${names.join(', ')} from ${table}`);
    const rows = found.map((row: SqlRow) => names.map((name): SqlValue => row[name] ?? null));
    const start = performance.now();
    for (let at = 0; at < rows.length; at += 1_000) {
      await db.insertMany({ table: `plain_${table}`, columns, rows: rows.slice(at, at + 1_000) });
    }
    seconds += (performance.now() - start) / 1_000;
  }
  return seconds;
}
