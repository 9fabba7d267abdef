// A `trivy-java.db` as Trivy's own builder writes it: indexes first, rows as they come, those without classifier first.

import { DatabaseSync } from 'node:sqlite';

export type UpstreamRow = {
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
  readonly classifier: string;
  readonly sha1: string;
};

export const upstreamSchema = `
  CREATE TABLE artifacts(id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT);
  CREATE TABLE indices(artifact_id INTEGER, version TEXT, sha1 BLOB, archive_type TEXT, foreign key (artifact_id) references artifacts(id));
  CREATE UNIQUE INDEX artifacts_idx ON artifacts(artifact_id, group_id);
  CREATE INDEX indices_artifact_idx ON indices(artifact_id);
  CREATE UNIQUE INDEX indices_sha1_idx ON indices(sha1);`;

export function writeUpstreamFile(file: string, rows: Iterable<UpstreamRow>): void {
  const database = new DatabaseSync(file);
  database.exec(`pragma synchronous = off; ${upstreamSchema} begin`);
  const artifact = database.prepare('INSERT OR IGNORE INTO artifacts(group_id, artifact_id) VALUES (?, ?)');
  const index = database.prepare(`
    INSERT INTO indices(artifact_id, version, sha1, archive_type)
    VALUES ((SELECT id FROM artifacts WHERE group_id = ? AND artifact_id = ?), ?, ?, 'jar') ON CONFLICT(sha1) DO NOTHING`);
  const all = [...rows];
  for (const row of [...all.filter((r) => r.classifier === ''), ...all.filter((r) => r.classifier !== '')]) {
    artifact.run(row.group, row.artifact);
    index.run(row.group, row.artifact, row.version, Buffer.from(row.sha1, 'hex'));
  }
  database.exec('commit; vacuum');
  database.close();
}
