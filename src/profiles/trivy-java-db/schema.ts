// The tables of `trivy-java.db`, schema version 1, as Trivy's own builder makes them.

export const schemaVersion = 1;

export const createTables = [
  'CREATE TABLE artifacts(id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT)',
  'CREATE TABLE indices(artifact_id INTEGER, version TEXT, sha1 BLOB, archive_type TEXT, foreign key (artifact_id) references artifacts(id))',
] as const;

export const createIndexes = [
  'CREATE UNIQUE INDEX artifacts_idx ON artifacts(artifact_id, group_id)',
  'CREATE INDEX indices_artifact_idx ON indices(artifact_id)',
  'CREATE UNIQUE INDEX indices_sha1_idx ON indices(sha1)',
] as const;

/** One row of a file's `sqlite_schema`. */
export type SchemaObject = {
  readonly type: string;
  readonly name: string;
  readonly rootPage: number;
  readonly sql: string;
};

const plainIndex = /^create (?:unique )?index (?:if not exists )?\w+ on (?:artifacts|indices) \( \w+(?: , \w+)* \)$/;

/**
 * What is wrong with a file's schema, or undefined. Both tables must be the known ones, and besides them there may be
 * indexes over plain columns: views, triggers, virtual tables and expressions could make any query run for ever.
 */
export function schemaFault(objects: readonly SchemaObject[]): string | undefined {
  const tables = new Map(createTables.map((sql) => [/TABLE (\w+)/.exec(sql)?.[1] ?? '', normalized(sql)]));
  for (const { type, name, sql } of objects) {
    if (type === 'index' && plainIndex.test(normalized(sql))) continue;
    if (type !== 'table') return `it holds the ${shown(type)} ${shown(name)}`;
    const wanted = tables.get(name);
    if (wanted === undefined) return `it holds the table ${shown(name)}`;
    if (wanted !== normalized(sql)) return `the table ${name} has other columns`;
    tables.delete(name);
  }
  const [missing] = tables.keys();
  return missing === undefined ? undefined : `it has no table ${missing}`;
}

/** One spelling for texts that say the same; a foreign key says nothing to a reader. */
function normalized(sql: string): string {
  return sql
    .toLowerCase()
    .replaceAll(/["`]/g, '')
    .replace('create table if not exists ', 'create table ')
    .replaceAll(/\s*([(),])\s*/g, ' $1 ')
    .replaceAll(/\s+/g, ' ')
    .replace(' , foreign key ( artifact_id ) references artifacts ( id )', '')
    .trim();
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 60));
}
