// What `evidence list`, `show` and `rejected` answer, read page by page whatever the size of a source.

import { createHash, type Hash } from 'node:crypto';
import { ExportError } from '../core/errors.ts';
import { compareUtf8 } from '../core/order.ts';
import { collectionParts, sourceOfCollection } from '../evidence/collection.ts';
import { isDatabaseFormat } from '../evidence/database-pointer.ts';
import { formatNames } from '../evidence/formats.ts';
import type { SourceAttribution, SourceSummary } from '../evidence/types.ts';
import { placeholders, type Queryable } from './database.ts';
import { pointersOf } from './database-pointers.ts';
import { keysetPages } from './pages.ts';

type SourceRow = {
  readonly name: string;
  readonly licence: string | null;
  readonly attribution: string | null;
};

type CollectionRow = { readonly c: string; readonly documents: number; readonly newest: string };

/** Sources of the tenant by name, each with the digest of its whole state. */
export async function sourceSummaries(db: Queryable, tenant: number): Promise<SourceSummary[]> {
  const summaries: SourceSummary[] = [];
  for (const source of await sourceRows(db, tenant)) summaries.push(await summarize(db, tenant, source));
  return summaries;
}

async function sourceRows(db: Queryable, tenant: number): Promise<SourceRow[]> {
  const rows = await db.query<SourceRow>('select name, licence, attribution from source where tenant = $1', [tenant]);
  return rows.sort((a, b) => compareUtf8(a.name, b.name));
}

async function summarize(db: Queryable, tenant: number, row: SourceRow): Promise<SourceSummary> {
  const source = row.name;
  const collections = await db.query<CollectionRow>(
    `select c, count(*) as documents, max(stamp) as newest from entry
     where tenant = $1 and source = $2 and view = 'raw' and to_seq is null group by c order by c`,
    [tenant, source],
  );
  const [newest] = await db.query<{ sequence: number; committed_at: string }>(
    `select sequence, committed_at from ingest
     where tenant = $1 and source = $2 and sequence is not null order by sequence desc limit 1`,
    [tenant, source],
  );
  const [refused] = await db.query<{ rejected: number }>(
    'select count(*) as rejected from rejection where tenant = $1 and source = $2',
    [tenant, source],
  );
  const databases = await databasesOf(db, tenant, collections);
  return {
    source,
    documents: collections.reduce((sum, { documents }) => sum + documents, 0),
    stateSha256: await stateSha256(db, tenant, collections),
    subSources: collections
      .filter(({ c }) => collectionParts(c).subSource !== undefined)
      .map(({ c, documents }) => ({ source: sourceOfCollection(c), documents })),
    sequence: newest?.sequence ?? 0,
    updatedAt: newest?.committed_at ?? '',
    newestModified: collections.reduce((max, { newest }) => (newest > max ? newest : max), ''),
    rejected: refused?.rejected ?? 0,
    ...(databases.length === 0 ? {} : { databases }),
    ...(row.licence === null ? {} : { licence: row.licence }),
    ...(row.attribution === null ? {} : { attribution: row.attribution }),
  };
}

async function databasesOf(
  db: Queryable,
  tenant: number,
  collections: readonly CollectionRow[],
): Promise<{ format: string; records: number; layerDigest: string }[]> {
  const pointing = collections.map(({ c }) => c).filter((c) => isDatabaseFormat(collectionParts(c).format));
  const pointers = await pointersOf(db, tenant, pointing);
  return pointers.map(({ format, state, layerDigest }) => ({ format, records: state.records, layerDigest }));
}

/** SHA-256 over the sorted lines `line source TAB path TAB digest LF`; a document without a sub-source has SOURCE. */
async function stateSha256(db: Queryable, tenant: number, collections: readonly CollectionRow[]): Promise<string> {
  const byName = new Map<string, string[]>();
  for (const { c } of collections) {
    const { subSource, source } = collectionParts(c);
    const name = subSource ?? source;
    byName.set(name, [...(byName.get(name) ?? []), c]);
  }
  const hash = createHash('sha256');
  for (const name of [...byName.keys()].sort(compareUtf8)) {
    await hashLines(db, tenant, { name, collections: byName.get(name) ?? [] }, hash);
  }
  return hash.digest('hex');
}

async function hashLines(
  db: Queryable,
  tenant: number,
  group: { readonly name: string; readonly collections: readonly string[] },
  hash: Hash,
): Promise<void> {
  const streams = group.collections.map((c) => documentsOf(db, tenant, c)[Symbol.asyncIterator]());
  const heads = await Promise.all(streams.map((stream) => stream.next()));
  while (true) {
    // Nearly always one stream; two when a source has a sub-source of its own name.
    let best = -1;
    let bestPath = '';
    for (const [index, head] of heads.entries()) {
      if (head.done === true || (best >= 0 && compareUtf8(head.value.k, bestPath) >= 0)) continue;
      best = index;
      bestPath = head.value.k;
    }
    const head = heads[best];
    const stream = streams[best];
    if (head === undefined || stream === undefined || head.done === true) return;
    hash.update(`${group.name}\t${head.value.k}\t${head.value.digest}\n`);
    heads[best] = await stream.next();
  }
}

async function* documentsOf(
  db: Queryable,
  tenant: number,
  c: string,
): AsyncGenerator<{ readonly k: string; readonly digest: string }> {
  const pages = keysetPages<{ k: string; digest: string }>(1_000, (after, limit) =>
    db.query(
      `select k, digest from entry
       where tenant = $1 and view = 'raw' and c = $2 and to_seq is null and k > $3 order by k limit $4`,
      [tenant, c, after?.k ?? '', limit],
    ),
  );
  for await (const page of pages) yield* page;
}

export async function sourceAttributions(db: Queryable, tenant: number): Promise<SourceAttribution[]> {
  const rows = await sourceRows(db, tenant);
  return rows.map(({ name, licence, attribution }) => ({
    source: name,
    ...(licence === null ? {} : { licence }),
    ...(attribution === null ? {} : { attribution }),
  }));
}

export type StoredDocument = {
  readonly source: string;
  readonly path: string;
  readonly id: string;
  /** 64 hex digits of SHA-256 of the text. */
  readonly digest: string;
  readonly modified: string;
  readonly text: string;
};

/** The document that `source` (`SOURCE` or `SOURCE/sub-source`) holds now under `path`; throws NOT_FOUND. */
export async function currentDocument(
  db: Queryable,
  tenant: number | undefined,
  source: string,
  path: string,
): Promise<StoredDocument> {
  const collections = formatNames().map((format) => `${format}/${source}`);
  const [row] = await db.query<{ digest: string; doc_id: string; stamp: string; text: string }>(
    `select e.digest, e.doc_id, e.stamp, b.text from entry e
     join body b on b.tenant = e.tenant and b.digest = e.digest
     where e.tenant = $1 and e.view = 'raw' and e.to_seq is null and e.k = $2
       and e.c in (${placeholders(3, collections.length)})`,
    [tenant ?? null, path, ...collections],
  );
  if (row === undefined) {
    throw new ExportError('NOT_FOUND', `${source} holds no document ${path}`, {
      hint: 'evidence list shows the sources; a path is written as it was ingested',
    });
  }
  return { source, path, id: row.doc_id, digest: row.digest, modified: row.stamp, text: row.text };
}

export type StoredRejection = {
  /** `SOURCE` or `SOURCE/sub-source`. */
  readonly source: string;
  readonly path: string;
  readonly code: string;
  readonly message: string;
  readonly at: string;
};

/** Refusals that are still standing, by source and path, in pages. */
export function standingRejections(
  db: Queryable,
  tenant: number,
  source: string | undefined,
): AsyncGenerator<StoredRejection[]> {
  return mapPages(
    keysetPages<RejectionRow>(1_000, (after, limit) =>
      db.query<RejectionRow>(
        `select c, path, code, message, at from rejection
         where tenant = $1 and (source = $2 or $2 = '') and (c, path) > ($3, $4) order by c, path limit $5`,
        [tenant, source ?? '', after?.c ?? '', after?.path ?? '', limit],
      ),
    ),
    ({ c, path, code, message, at }) => ({ source: sourceOfCollection(c), path, code, message, at }),
  );
}

type RejectionRow = Omit<StoredRejection, 'source'> & { readonly c: string };

async function* mapPages<From, To>(pages: AsyncIterable<From[]>, convert: (row: From) => To): AsyncGenerator<To[]> {
  for await (const page of pages) yield page.map(convert);
}
