// One ingest on its way in (formats.md §11): texts and staged rows are written batch by batch and nobody sees them;
// commit makes them visible in one transaction.

import type { Clock } from '../core/clock.ts';
import { keyBytes, type RecordKey } from '../core/order.ts';
import { sha256 } from '../core/digest.ts';
import type { IngestWriter, StagedBatch, StagedDocument } from '../evidence/writer.ts';
import { padded, placeholderRows, type Database, type Queryable, type SqlValue } from './database.ts';
import { commitIngest } from './evidence-commit.ts';
import { clearStaged, type OpenIngest } from './open-ingest.ts';
import { keysetPages } from './pages.ts';
import { repeatableTransaction } from './repeatable.ts';

export function ingestWriter(db: Database, ingest: OpenIngest, clock: Clock): IngestWriter {
  return {
    rawDigests: (keys) => rawDigests(db, ingest, keys),
    stage: (batch) => repeatableTransaction(db, (tx) => stageBatch(tx, ingest, batch, clock)),
    documentCount: () => documentCount(db, ingest),
    currentDocuments: () => currentDocuments(db, ingest),
    commit: (options) => commitIngest(db, ingest, options, clock),
    drop: () => dropIngest(db, ingest.id),
  };
}

async function rawDigests(
  db: Queryable,
  ingest: OpenIngest,
  keys: readonly RecordKey[],
): Promise<(string | undefined)[]> {
  if (keys.length === 0 || !ingest.held) return keys.map(() => undefined);
  // `cross join` says which side comes first to SQLite, which otherwise reads all entries for many keys.
  const wanted = padded(keys);
  const rows = await db.query<{ c: string; k: string; digest: string }>(
    `with wanted (c, k) as (values ${placeholderRows(2, wanted.length, 2)})
     select e.c, e.k, e.digest from wanted w cross join entry e
     where e.tenant = $1 and e.view = 'raw' and e.c = w.c and e.k = w.k and e.to_seq is null`,
    [ingest.tenant, ...wanted.flatMap(({ c, k }) => [c, k])],
  );
  const found = new Map(rows.map(({ c, k, digest }) => [`${c}\0${k}`, digest]));
  return keys.map(({ c, k }) => found.get(`${c}\0${k}`));
}

async function stageBatch(tx: Queryable, ingest: OpenIngest, batch: StagedBatch, clock: Clock): Promise<void> {
  await tx.query('update ingest set heartbeat_at = $2 where id = $1', [ingest.id, clock.now().toISOString()]);
  const bodies = batch.documents.flatMap(({ raw, records }) => [raw, ...records]);
  await tx.insertMany({
    table: 'body',
    columns: { tenant: 'bigint', digest: 'text', text: 'text' },
    rows: bodies.map(({ digest, text }) => [ingest.tenant, digest, text]),
    skipConflicts: true,
  });
  const { id } = ingest;
  const removals = batch.removals.map((key) => bareRow(id, 'del', key));
  const kept = (await refusedBefore(tx, ingest, batch.accepted)).map((key) => bareRow(id, 'keep', key));
  await tx.insertMany({
    table: 'staged',
    columns: stagedColumns,
    rows: [...batch.documents.flatMap((document) => documentRows(id, document)), ...removals, ...kept],
    // Taken keys are those of the same batch, whose first commit was not heard of.
    skipConflicts: true,
  });
  await tx.insertMany({
    table: 'staged_rejection',
    columns: { ingest: 'text', c: 'text', path: 'text', code: 'text', message: 'text' },
    rows: batch.refusals.map(({ c, path, code, message }) => [id, c, path, code, message]),
    // One line for a path is enough, however often it is repeated.
    skipConflicts: true,
  });
}

/** Those of `keys` that an earlier ingest refused: their refusal ends although their document did not change. */
async function refusedBefore(
  tx: Queryable,
  ingest: OpenIngest,
  keys: readonly RecordKey[],
): Promise<readonly RecordKey[]> {
  if (!ingest.refusals || keys.length === 0) return [];
  const wanted = padded(keys);
  return tx.query<{ c: string; k: string }>(
    `with wanted (c, k) as (values ${placeholderRows(3, wanted.length, 2)})
     select distinct r.c, r.path as k from wanted w cross join rejection r
     where r.tenant = $1 and r.source = $2 and r.c = w.c and r.path = w.k`,
    [ingest.tenant, ingest.source, ...wanted.flatMap(({ c, k }) => [c, k])],
  );
}

const stagedColumns = {
  ingest: 'text',
  op: 'text',
  view: 'text',
  c: 'text',
  k: 'text',
  path: 'text',
  place: 'bigint',
  digest: 'text',
  size: 'bigint',
  doc_id: 'text',
  ecosystems: 'text',
  stamp: 'text',
} as const;

function bareRow(ingest: string, op: 'del' | 'keep', { c, k }: RecordKey): SqlValue[] {
  return [ingest, op, 'raw', c, k, k, 0, '', 0, '', '[]', ''];
}

function documentRows(ingest: string, document: StagedDocument): SqlValue[][] {
  const { c, path, raw, records, id, stamp } = document;
  const ecosystems = JSON.stringify(document.ecosystems);
  const row = (view: string, k: string, digest: string, size: number): SqlValue[] => {
    return [ingest, 'put', view, c, k, path, placeOf(c, k), digest, size, id, ecosystems, stamp];
  };
  return [row('raw', path, raw.digest, raw.size), ...records.map((it) => row('record', it.k, it.digest, it.size))];
}

/** The first four bytes of SHA-256(c 00 k), big endian. */
function placeOf(c: string, k: string): number {
  return sha256(keyBytes(c, k)).readUInt32BE(0);
}

async function documentCount(db: Queryable, ingest: OpenIngest): Promise<number> {
  const rows = await db.query<{ documents: number }>(
    `select count(*) as documents from entry
     where tenant = $1 and source = $2 and view = 'raw' and to_seq is null`,
    [ingest.tenant, ingest.source],
  );
  return rows[0]?.documents ?? 0;
}

function currentDocuments(db: Queryable, ingest: OpenIngest): AsyncIterable<RecordKey[]> {
  return keysetPages<RecordKey>(1_000, (after, limit) =>
    db.query<{ c: string; k: string }>(
      `select c, k from entry
       where tenant = $1 and source = $2 and view = 'raw' and to_seq is null and (c, k) > ($3, $4)
       order by c, k limit $5`,
      [ingest.tenant, ingest.source, after?.c ?? '', after?.k ?? '', limit],
    ),
  );
}

/** Forgets what an ingest staged, unless it was committed. Texts stay: others may point at them. */
export async function dropIngest(db: Database, id: string): Promise<void> {
  await repeatableTransaction(db, async (tx) => {
    const dropped = await tx.query(
      `update ingest set state = 'dropped' where id = $1 and state = 'staging' returning id`,
      [id],
    );
    if (dropped.length > 0) await clearStaged(tx, id);
  });
}
