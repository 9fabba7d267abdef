// Takes a whole database in as evidence: its rows become shards in the tenant's registry, and a small document that
// points to them is ingested like any other, in one commit. The same digest again changes nothing and fetches nothing.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import type { Digest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import { findBlob, rememberBlob } from '../../db/blobs.ts';
import type { Database } from '../../db/database.ts';
import type { EvidenceStore } from '../../db/evidence.ts';
import {
  parsePointer,
  pointerPath,
  type DatabaseFormat,
  type DatabasePointer,
} from '../../evidence/database-pointer.ts';
import { displayText } from '../../evidence/document-path.ts';
import { ingest } from '../../evidence/ingest.ts';
import type { IngestOptions, IngestProgress, IngestResult } from '../../evidence/types.ts';
import type { Repository } from '../../oci/repository.ts';
import { databaseKind, type DatabaseKind } from '../../profiles/database/kinds.ts';
import { overlayRepository, overlayTag, storeOverlay } from '../../profiles/database/overlay.ts';
import type { DatabaseRow } from '../../profiles/database/row.ts';
import type { EncoderPool } from '../../shard/encoder-pool.ts';
import { openDatabaseSource, type DatabaseSource, type SourceAccess } from './database-source.ts';
import { parseMetadata } from './metadata.ts';
import { spoolDatabase } from './spool-database.ts';

export type DatabaseIngestContext = SourceAccess & {
  readonly db: Database;
  readonly store: EvidenceStore;
  /** The own registry's repository of overlays. */
  readonly overlays: Repository;
  readonly encoders: EncoderPool;
  readonly clock: Clock;
  readonly tempDir: string;
  readonly onProgress?: ((progress: IngestProgress) => void) | undefined;
};

export type DatabaseIngest = IngestOptions & { readonly format: DatabaseFormat };

/** Errors: those of the source, VERIFICATION_FAILED for damage, INPUT_INVALID for what is no such database. */
export async function ingestDatabase(request: DatabaseIngest, context: DatabaseIngestContext): Promise<IngestResult> {
  const kind = databaseKind(request.format);
  await mkdir(context.tempDir, { recursive: true, mode: 0o700 });
  const source = await openDatabaseSource(request.from, kind, context);
  const held = await heldPointer(request, context);
  if (held !== undefined && held.layerDigest === source.digest) return commitPointer(held, request, context);
  const folder = await mkdtemp(join(context.tempDir, 'database-'));
  try {
    return await takeIn(source, { kind, request, held, folder }, context);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Job = {
  readonly kind: DatabaseKind;
  readonly request: DatabaseIngest;
  readonly held: DatabasePointer | undefined;
  readonly folder: string;
};

async function takeIn(source: DatabaseSource, job: Job, context: DatabaseIngestContext): Promise<IngestResult> {
  const { kind, request, held, folder } = job;
  const progress = new Progress(source.size, context.onProgress);
  const onBytes = (count: number): void => progress.add(0, count);
  const spooled = await spoolDatabase({ bytes: source.bytes(), onBytes }, kind, folder);
  if (held?.layerDigest === spooled.digest) return commitPointer(held, request, context);
  const metadata = parseMetadata(spooled.metadata ?? (await source.metadataBeside?.()), kind);
  const leftOut = new Map<string, number>();
  const rows = kind.rows(spooled.file, (code, count = 1) => leftOut.set(code, (leftOut.get(code) ?? 0) + count));
  const { index, setRoot, records } = await storeOverlay(progress.rows(rows), {
    store: storeContext(context),
    repository: context.overlays,
    c: kind.product.collection,
    folder,
  });
  const pointer: DatabasePointer = {
    schema: 1,
    format: kind.format,
    origin: source.origin,
    layerDigest: spooled.digest,
    ...(metadata === undefined ? {} : { metadata }),
    state: { setRoot, records },
    shards: { repository: overlayRepository, digest: index },
    leftOut: [...leftOut].map(([code, count]) => ({ code, count })).sort((a, b) => (a.code < b.code ? -1 : 1)),
  };
  return commitPointer(pointer, request, context);
}

function storeContext({ db, overlays, encoders }: DatabaseIngestContext) {
  return {
    repository: overlays,
    encoders,
    blobs: {
      find: (raw: Digest, level: number) => findBlob(db, raw, level),
      remember: (raw: Digest, level: number, stored: { digest: Digest; size: number }) =>
        rememberBlob(db, raw, level, stored),
    },
  };
}

/** What the source points to now, unless its shards are gone. */
async function heldPointer(
  { source, format }: DatabaseIngest,
  { store, overlays }: DatabaseIngestContext,
): Promise<DatabasePointer | undefined> {
  const document = await store.document(source, pointerPath(format)).catch((error: unknown) => {
    if (error instanceof ExportError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  });
  if (document === undefined) return undefined;
  const pointer = parsePointer(document.text);
  return (await overlays.resolve(overlayTag(pointer.shards.digest))) === undefined ? undefined : pointer;
}

/** Ingests the document. Its shards are named by their tag before and after, whatever a collection did between. */
async function commitPointer(
  pointer: DatabasePointer,
  request: DatabaseIngest,
  context: DatabaseIngestContext,
): Promise<IngestResult> {
  const folder = await mkdtemp(join(context.tempDir, 'pointer-'));
  try {
    const file = join(folder, pointerPath(pointer.format));
    await writeFile(file, `${JSON.stringify(pointer, undefined, 2)}\n`);
    const noNetwork = (): never => {
      throw new ExportError('INTERNAL', 'a document of this machine is not fetched');
    };
    const { clock, tempDir } = context;
    const environment = { clock, tempDir, httpGet: noNetwork, origin: request.from };
    const result = await ingest(context.store, { ...request, from: file }, environment);
    await keepTag(pointer.shards.digest, context.overlays);
    const warnings = [...result.warnings, ...warningsOf(pointer)];
    const { layerDigest, state, shards } = pointer;
    return { ...result, warnings, database: { layerDigest, ...state, shards: shards.digest } };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function keepTag(digest: Digest, overlays: Repository): Promise<void> {
  const tag = overlayTag(digest);
  if ((await overlays.resolve(tag)) !== undefined) return;
  const index = await overlays.manifest(digest);
  if (!index) throw new ExportError('INTERNAL', `${overlays.name} lost ${digest} while it was taken in`);
  await overlays.pushManifest(index, [tag]);
}

function warningsOf({ format, metadata, leftOut }: DatabasePointer): { path: string; message: string }[] {
  const path = pointerPath(format);
  const messages = leftOut.map(({ code, count }) => `${count} rows are left out: ${displayText(code)}`);
  if (metadata === undefined) messages.push('without a metadata.json nobody knows how old the database is');
  return messages.map((message) => ({ path, message }));
}

/** Progress in bytes of the source, then in rows. */
class Progress {
  readonly #total: number | undefined;
  readonly #tell: ((progress: IngestProgress) => void) | undefined;
  #bytes = 0;
  #rows = 0;

  constructor(total: number | undefined, tell: ((progress: IngestProgress) => void) | undefined) {
    this.#total = total;
    this.#tell = tell;
  }

  add(rows: number, bytes: number): void {
    this.#rows += rows;
    this.#bytes += bytes;
    const told = { documents: this.#rows, bytes: this.#bytes };
    this.#tell?.(this.#total === undefined ? told : { ...told, totalBytes: this.#total });
  }

  async *rows(pages: AsyncIterable<readonly DatabaseRow[]>): AsyncGenerator<readonly DatabaseRow[]> {
    for await (const page of pages) {
      yield page;
      this.add(page.length, 0);
    }
  }
}
