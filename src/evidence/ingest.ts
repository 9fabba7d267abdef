// Takes evidence in (formats.md §11): everything an input holds is staged in batches and becomes visible in one commit.
// A document that is refused keeps its last good version; the rest of the batch is kept.

import type { Clock } from '../core/clock.ts';
import { ExportError } from '../core/errors.ts';
import { isSourceName } from './collection.ts';
import { fileKindOf, parserOf, type DocumentParser } from './formats.ts';
import { IngestPass } from './ingest-pass.ts';
import { IngestReport, latestStamp } from './ingest-report.ts';
import { download, withoutSecrets, type HttpGet } from './sources/http.ts';
import { openInput } from './sources/open-input.ts';
import type { IngestOptions, IngestProgress, IngestResult } from './types.ts';
import type { EvidenceWriter, FetchState, IngestWriter } from './writer.ts';

export type IngestEnvironment = {
  readonly clock: Clock;
  /** Downloads are kept here while they are read. */
  readonly tempDir: string;
  readonly httpGet: HttpGet;
  /** What the input is remembered as, where `from` is a file that was made of it; the refusals of its last time end. */
  readonly origin?: string;
  readonly onProgress?: (progress: IngestProgress) => void;
  readonly signal?: AbortSignal;
  /** Default 500 documents or 2 MiB; what is stored does not depend on it. */
  readonly batch?: { readonly documents: number; readonly bytes: number };
};

/** How often an ingest begins again when another one changed the same source meanwhile. */
const maxAttempts = 5;

/**
 * Ingests `options.from` into `options.source`. Errors: USAGE (names, format), NOT_FOUND, UNREACHABLE, INPUT_INVALID
 * when --sync would remove more than half of the source, CONFLICT, CANCELLED; then nothing is applied. Documents that
 * are refused are no error but listed in the result.
 */
export async function ingest(
  store: EvidenceWriter,
  options: IngestOptions,
  environment: IngestEnvironment,
): Promise<IngestResult> {
  checkSource(options.source);
  const format = options.format ?? 'osv';
  const parse = parserOf(format);
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(options.from)?.[1]?.toLowerCase();
  if (scheme === 'http' || scheme === 'https') return ingestUrl(store, options, { format, parse }, environment);
  if (scheme === 'oci') {
    throw new ExportError('USAGE', 'an oci reference names a bundle, which is unfolded before it comes here', {
      hint: 'ingest it by the command line or the API',
    });
  }
  const origin = environment.origin ?? options.from;
  return ingestFile(store, { ...options, file: options.from, origin, format, parse }, environment);
}

function checkSource(source: string): void {
  if (isSourceName(source)) return;
  throw new ExportError('USAGE', `${JSON.stringify(source.slice(0, 100))} is no name of a source`, {
    hint: 'use lower-case letters, digits, dots, dashes and underscores, beginning with a letter or digit',
  });
}

async function ingestUrl(
  store: EvidenceWriter,
  options: IngestOptions,
  { format, parse }: { readonly format: string; readonly parse: DocumentParser },
  environment: IngestEnvironment,
): Promise<IngestResult> {
  const url = options.from;
  const origin = withoutSecrets(url);
  const known = await store.fetchState(options.source, origin);
  // What was not synced then cannot answer for a sync now.
  const etag = known !== undefined && (known.synced || options.sync !== true) ? known.etag : undefined;
  const answer = await download(url, { get: environment.httpGet, tempDir: environment.tempDir, etag });
  if (!answer.changed) return unchanged(store, options, known?.documents ?? 0);
  try {
    const job = { ...options, file: answer.file, origin, format, parse, etag: answer.etag };
    return await ingestFile(store, job, environment);
  } finally {
    await answer.dispose();
  }
}

async function unchanged(store: EvidenceWriter, options: IngestOptions, documents: number): Promise<IngestResult> {
  const report = new IngestReport();
  report.unchanged = documents;
  const { source, licence, attribution } = options;
  if (licence === undefined && attribution === undefined) return report.result(source, await store.sequence());
  // Under no origin, because the refusals of the last time still stand.
  const writer = await store.begin(source, '');
  return report.result(source, await writer.commit({ complete: false, licence, attribution }));
}

type FileJob = IngestOptions & {
  readonly file: string;
  readonly origin: string;
  readonly format: string;
  readonly parse: DocumentParser;
  readonly etag?: string | undefined;
};

async function ingestFile(store: EvidenceWriter, job: FileJob, environment: IngestEnvironment): Promise<IngestResult> {
  for (let attempt = 1; ; attempt++) {
    const writer = await store.begin(job.source, job.origin);
    try {
      return await onePass(writer, job, environment);
    } catch (error) {
      // Best effort: what a broken connection leaves staged is dropped by a later ingest.
      await writer.drop().catch(() => undefined);
      const again = error instanceof ExportError && error.code === 'CONFLICT' && error.retryable;
      if (!again || attempt === maxAttempts) throw error;
    }
  }
}

async function onePass(writer: IngestWriter, job: FileJob, environment: IngestEnvironment): Promise<IngestResult> {
  const report = new IngestReport();
  const pass = new IngestPass({
    writer,
    report,
    parse: job.parse,
    latest: latestStamp(environment.clock),
    source: job.source,
    format: job.format,
    batchDocuments: environment.batch?.documents ?? 500,
    batchBytes: environment.batch?.bytes ?? 2 << 20,
    onProgress: environment.onProgress,
    signal: environment.signal,
  });
  try {
    await pass.run(await openInput(job.file, fileKindOf(job.format)));
  } finally {
    await pass.settle();
  }
  const complete = job.sync === true && !report.incomplete;
  if (complete) await removeUnseen(writer, pass, report, job);
  else if (job.sync === true) report.warn(job.origin, 'nothing was removed, because the input could not be read whole');
  const { licence, attribution } = job;
  const fetched = fetchedState(job, report, pass.seen.size);
  return report.result(job.source, await writer.commit({ complete, licence, attribution, fetched }));
}

function fetchedState(job: FileJob, report: IngestReport, documents: number): FetchState | undefined {
  if (job.etag === undefined || report.incomplete) return undefined;
  return { url: job.origin, etag: job.etag, synced: job.sync === true, documents };
}

/** `--sync`: removes what the source holds and the input does not speak of. */
async function removeUnseen(writer: IngestWriter, pass: IngestPass, report: IngestReport, job: FileJob): Promise<void> {
  const held = await writer.documentCount();
  let removed = 0;
  for await (const page of writer.currentDocuments()) {
    const removals = page.filter(({ c, k }) => !pass.seen.has(c, k));
    if (removals.length === 0) continue;
    removed += removals.length;
    await writer.stage({ documents: [], removals, accepted: [], refusals: [] });
  }
  report.removed += removed;
  if (removed * 2 <= held || job.allowShrink === true) return;
  throw new ExportError('INPUT_INVALID', `the sync would remove ${removed} of the ${held} documents of ${job.source}`, {
    hint: 'check the input; --allow-shrink accepts it, and without --sync nothing is removed',
  });
}
