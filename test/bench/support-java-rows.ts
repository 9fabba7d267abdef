// Synthetic coordinates with SHA-1, the same in every run, and the two orders they come in: sorted, as our writer takes
// them, and artifact after artifact as an index grows, as an upstream file has them.

import { hash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import type { DatabaseRow } from '../../src/profiles/database/row.ts';
import { createIndexes, createTables } from '../../src/profiles/trivy-java-db/schema.ts';

/** The real index has some thirty archives for each artifact. */
export const versionsEach = 30;
/** Shares no factor with any number of artifacts below it, so that it visits all of them. */
const stride = 1_000_003;

type Archive = { readonly group: string; readonly artifact: string; readonly version: string; readonly sha1: string };

function archive(number: number, version: number): Archive {
  const digits = String(number).padStart(8, '0');
  return {
    group: `org.example.g${digits.slice(0, 6)}`,
    artifact: `artifact-${digits}`,
    version: `1.${String(version).padStart(2, '0')}.0`,
    sha1: hash('sha1', `${number}/${version}`),
  };
}

/** `rows` rows in rising order of their keys. */
export async function* sortedRows(rows: number): AsyncGenerator<DatabaseRow[]> {
  let page: DatabaseRow[] = [];
  for (let at = 0; at < rows; at++) {
    const { group, artifact, version, sha1 } = archive(Math.floor(at / versionsEach), at % versionsEach);
    const k = `${group}\u001f${artifact}\u001f${version}\u001f`;
    page.push({ k, v: Buffer.from(`{"jar":["${sha1}"]}`) });
    if (page.length < 1_000) continue;
    yield page;
    page = [];
  }
  yield page;
}

/** Writes the same rows as an upstream file, its artifacts in another order than that of their names. */
export function writeUpstream(file: string, rows: number): void {
  const database = new DatabaseSync(file);
  database.exec(`pragma journal_mode = off; pragma synchronous = off; ${createTables.join(';')}; begin`);
  const insertArtifact = database.prepare('INSERT INTO artifacts VALUES (?, ?, ?)');
  const insertArchive = database.prepare("INSERT INTO indices VALUES (?, ?, ?, 'jar')");
  const artifacts = Math.ceil(rows / versionsEach);
  for (let id = 1; id <= artifacts; id++) {
    const number = (id * stride) % artifacts;
    const { group, artifact } = archive(number, 0);
    insertArtifact.run(id, group, artifact);
    for (let version = 0; version < versionsEach && number * versionsEach + version < rows; version++) {
      const { version: name, sha1 } = archive(number, version);
      insertArchive.run(id, name, Buffer.from(sha1, 'hex'));
    }
  }
  database.exec(`commit; ${createIndexes.join(';')}`);
  database.close();
}
