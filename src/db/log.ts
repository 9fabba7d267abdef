// The transparency log's trees, entries and nodes. An append holds the lock on its tree's row until it is committed, so
// that indices have no gaps and no two entries one index, whoever is killed.

import { ExportError, toExportError } from '../core/errors.ts';
import { padded, placeholders, type Database, type Queryable } from './database.ts';
import { repeatableTransaction } from './repeatable.ts';

export type LogTreeRow = {
  readonly number: number;
  readonly publicKey: string;
  readonly validFrom: string;
  readonly retiredAt: string | null;
};

export type LogEntryRow = {
  readonly index: number;
  readonly leaf: string;
  readonly body: string;
  readonly integratedTime: number;
};

export type NewLogEntryRow = {
  readonly leaf: string;
  readonly body: string;
  readonly time: number;
  readonly keys: readonly string[];
};

export type LogNodes = ReadonlyMap<number, string>;

export type GrowLog = (index: number, fetch: (numbers: readonly number[]) => Promise<LogNodes>) => Promise<LogNodes>;

const entryColumns = 'log_index as "index", leaf, body, integrated_time as "integratedTime"';

export function logTrees(db: Queryable): Promise<LogTreeRow[]> {
  return db.query<LogTreeRow>(
    `select number, public_key as "publicKey", valid_from as "validFrom", retired_at as "retiredAt"
     from log_tree order by number`,
  );
}

/** All of the trees or none; false when a number is taken. */
export async function addLogTrees(db: Database, trees: readonly LogTreeRow[]): Promise<boolean> {
  const rows = trees.map(({ number, publicKey, validFrom, retiredAt }) => [
    number,
    publicKey,
    validFrom,
    retiredAt,
    0,
    0,
  ]);
  const columns = {
    number: 'bigint',
    public_key: 'text',
    valid_from: 'text',
    retired_at: 'text',
    size: 'bigint',
    newest_time: 'bigint',
  } as const;
  try {
    await db.insertMany({ table: 'log_tree', columns, rows });
    return true;
  } catch (thrown) {
    if (toExportError(thrown).code === 'CONFLICT') return false;
    throw thrown;
  }
}

/** Ends a tree, unless it has ended. */
export async function retireLogTree(db: Queryable, tree: number, at: string): Promise<void> {
  await db.query('update log_tree set retired_at = $2 where number = $1 and retired_at is null', [tree, at]);
}

/** Appends an entry with the nodes that `grow` gives for its index, or gives back the one with the same leaf. */
export async function appendLogEntry(
  db: Database,
  tree: number,
  entry: NewLogEntryRow,
  grow: GrowLog,
): Promise<LogEntryRow> {
  const known = await logEntryOf(db, tree, entry.leaf);
  // The same entry handed in again finds itself, so a commit whose answer was lost may be repeated.
  return known ?? repeatableTransaction(db, (tx) => appendLocked(tx, tree, entry, grow));
}

async function appendLocked(
  tx: Queryable,
  tree: number,
  { leaf, body, time, keys }: NewLogEntryRow,
  grow: GrowLog,
): Promise<LogEntryRow> {
  await lockTree(tx, tree);
  const known = await logEntryOf(tx, tree, leaf);
  if (known !== undefined) return known;
  const [row] = await tx.query<{ size: number; time: number }>(
    `update log_tree set size = size + 1, newest_time = case when newest_time > $2 then newest_time else $2 end
     where number = $1 returning size, newest_time as time`,
    [tree, time],
  );
  if (row === undefined) throw new ExportError('INTERNAL', `the tree ${tree} is gone`);
  const [index, integratedTime] = [row.size - 1, row.time];
  await tx.query('insert into log_entry (tree, log_index, leaf, integrated_time, body) values ($1, $2, $3, $4, $5)', [
    tree,
    index,
    leaf,
    integratedTime,
    body,
  ]);
  const nodes = await grow(index, (numbers) => logNodes(tx, tree, numbers));
  await tx.insertMany({
    table: 'log_node',
    columns: { tree: 'bigint', node: 'bigint', hash: 'text' },
    rows: [...nodes].map(([node, hash]) => [tree, node, hash]),
  });
  await tx.insertMany({
    table: 'log_key',
    columns: { tree: 'bigint', key: 'text', log_index: 'bigint' },
    rows: [...new Set(keys)].map((key) => [tree, key, index]),
  });
  return { index, leaf, body, integratedTime };
}

async function lockTree(tx: Queryable, tree: number): Promise<void> {
  const rows = await tx.query(
    'update log_tree set size = size where number = $1 and retired_at is null returning size',
    [tree],
  );
  if (rows.length > 0) return;
  throw new ExportError('CONFLICT', 'this transparency log takes no entries any more: another one took its place', {
    hint: 'restart the service, it then writes to the new one',
  });
}

export async function logSize(db: Queryable, tree: number): Promise<number> {
  return (await db.query<{ size: number }>('select size from log_tree where number = $1', [tree]))[0]?.size ?? 0;
}

export async function logNodes(db: Queryable, tree: number, numbers: readonly number[]): Promise<LogNodes> {
  if (numbers.length === 0) return new Map();
  const wanted = padded(numbers);
  const rows = await db.query<{ node: number; hash: string }>(
    `select node, hash from log_node where tree = $1 and node in (${placeholders(2, wanted.length)})`,
    [tree, ...wanted],
  );
  return new Map(rows.map(({ node, hash }) => [node, hash]));
}

export async function logEntryAt(db: Queryable, tree: number, index: number): Promise<LogEntryRow | undefined> {
  const sql = `select ${entryColumns} from log_entry where tree = $1 and log_index = $2`;
  return (await db.query<LogEntryRow>(sql, [tree, index]))[0];
}

export async function logEntryOf(db: Queryable, tree: number, leaf: string): Promise<LogEntryRow | undefined> {
  const sql = `select ${entryColumns} from log_entry where tree = $1 and leaf = $2`;
  return (await db.query<LogEntryRow>(sql, [tree, leaf]))[0];
}

/** Leaves of the entries that have `key`, the oldest first. */
export async function logLeavesOf(db: Queryable, tree: number, key: string, limit: number): Promise<string[]> {
  const rows = await db.query<{ leaf: string }>(
    `select entry.leaf from log_key found join log_entry entry
       on entry.tree = found.tree and entry.log_index = found.log_index
     where found.tree = $1 and found.key = $2 order by found.log_index limit $3`,
    [tree, key, limit],
  );
  return rows.map(({ leaf }) => leaf);
}
