// The evidence of one tenant in the database: what runs read (StateReader) and what an ingest writes (EvidenceWriter).

import { randomUUID } from 'node:crypto';
import { systemClock, type Clock } from '../core/clock.ts';
import type { SourceAttribution, SourceSummary, StateReader } from '../evidence/types.ts';
import type { EvidenceWriter, FetchState, IngestWriter } from '../evidence/writer.ts';
import type { Database, Queryable } from './database.ts';
import { evidenceReader } from './evidence-reader.ts';
import {
  currentDocument,
  sourceAttributions,
  sourceSummaries,
  standingRejections,
  type StoredDocument,
  type StoredRejection,
} from './evidence-sources.ts';
import { dropIngest, ingestWriter } from './evidence-staging.ts';
import { repeatableTransaction } from './repeatable.ts';
import { ensureTenant, findTenant } from './tenants.ts';

/** An ingest that gave no sign of life for so long has crashed; a slow one that still lives is told at its commit. */
const givenUpAfterMs = 10 * 60_000;

export interface EvidenceStore extends StateReader, EvidenceWriter {
  sequence(): Promise<number>;
  sources(): Promise<SourceSummary[]>;
  attributions(): Promise<SourceAttribution[]>;
  /** `source` is `SOURCE` or `SOURCE/sub-source`; throws NOT_FOUND. */
  document(source: string, path: string): Promise<StoredDocument>;
  rejections(source?: string): AsyncIterable<StoredRejection[]>;
  /** Drops what ingests staged whose process is gone. */
  dropCrashed(): Promise<void>;
}

/** The evidence of the tenant called `tenant`, who need not exist before the first ingest. */
export function evidenceStore(db: Database, tenant: string, clock: Clock = systemClock): EvidenceStore {
  let known: number | undefined;
  const find = async (): Promise<number | undefined> => (known ??= await findTenant(db, tenant));
  const make = async (): Promise<number> =>
    (known ??= await repeatableTransaction(db, (tx) => ensureTenant(tx, tenant)));
  return {
    ...evidenceReader(db, find),
    fetchState: async (source, url) => fetchState(db, await find(), source, url),
    begin: async (source, origin) => beginIngest(db, await make(), { source, origin }, clock),
    sources: async () => {
      const id = await find();
      return id === undefined ? [] : sourceSummaries(db, id);
    },
    attributions: async () => {
      const id = await find();
      return id === undefined ? [] : sourceAttributions(db, id);
    },
    document: async (source, path) => currentDocument(db, await find(), source, path),
    dropCrashed: async () => {
      const id = await find();
      if (id !== undefined) await dropCrashed(db, id, clock);
    },
    rejections: async function* (source) {
      const id = await find();
      if (id !== undefined) yield* standingRejections(db, id, source);
    },
  };
}

async function beginIngest(
  db: Database,
  tenant: number,
  from: { readonly source: string; readonly origin: string },
  clock: Clock,
): Promise<IngestWriter> {
  await dropCrashed(db, tenant, clock);
  const id = randomUUID();
  const { source, origin } = from;
  const at = clock.now().toISOString();
  const { base, held } = await repeatableTransaction(db, async (tx) => {
    // Under the tenant's lock, so that nothing prunes texts between this and the first staged batch.
    const rows = await tx.query<{ sequence: number }>(
      'update tenant set sequence = sequence where id = $1 returning sequence',
      [tenant],
    );
    await tx.query(
      `insert into ingest (id, tenant, source, origin, state, started_at, heartbeat_at)
       values ($1, $2, $3, $4, 'staging', $5, $5) on conflict do nothing`,
      [id, tenant, source, origin, at],
    );
    const documents = await tx.query(
      `select 1 as one from entry where tenant = $1 and source = $2 and view = 'raw' and to_seq is null limit 1`,
      [tenant, source],
    );
    return { base: rows[0]?.sequence ?? 0, held: documents.length > 0 };
  });
  const refused = await db.query('select 1 as one from rejection where tenant = $1 and source = $2 limit 1', [
    tenant,
    source,
  ]);
  return ingestWriter(db, { id, tenant, source, origin, base, held, refusals: refused.length > 0 }, clock);
}

/** Drops what ingests of this tenant staged whose process is gone. */
async function dropCrashed(db: Database, tenant: number, clock: Clock): Promise<void> {
  const before = new Date(clock.now().getTime() - givenUpAfterMs).toISOString();
  const crashed = await db.query<{ id: string }>(
    `select id from ingest where tenant = $1 and state = 'staging' and heartbeat_at < $2`,
    [tenant, before],
  );
  for (const { id } of crashed) await dropIngest(db, id);
}

async function fetchState(
  db: Queryable,
  tenant: number | undefined,
  source: string,
  url: string,
): Promise<FetchState | undefined> {
  const rows = await db.query<{ url: string; etag: string; synced: number; documents: number }>(
    `select url, etag, synced, documents from source_fetch f
     where tenant = $1 and source = $2 and url = $3
       and not exists (
         select 1 from ingest i where i.tenant = f.tenant and i.source = f.source and i.sequence > f.sequence)`,
    [tenant ?? null, source, url],
  );
  const row = rows[0];
  return row === undefined ? undefined : { ...row, synced: row.synced === 1 };
}
