// One batch of an ingest: compared with what the source holds, parsed where it differs, handed to the store.

import { setImmediate } from 'node:timers/promises';
import type { RecordKey } from '../core/order.ts';
import { hash } from 'node:crypto';
import { displayText } from './document-path.ts';
import type { DocumentParser } from './formats.ts';
import type { IngestReport } from './ingest-report.ts';
import { Refused } from './refused.ts';
import type { Body, IngestWriter, StagedBatch, StagedDocument, StagedRefusal } from './writer.ts';

export type Candidate = { readonly c: string; readonly path: string } & Body;

export type Batch = {
  readonly puts: Candidate[];
  readonly dels: RecordKey[];
  readonly refusals: StagedRefusal[];
  bytes: number;
};

export function emptyBatch(): Batch {
  return { puts: [], dels: [], refusals: [], bytes: 0 };
}

export type BatchContext = {
  readonly writer: IngestWriter;
  readonly parse: DocumentParser;
  readonly report: IngestReport;
  /** Stamps after this instant do not count. */
  readonly latest: string;
};

/** Parsing goes on for about so long before others get their turn. */
const turnBytes = 512 << 10;

/** Decides for each document of `batch` what happens to it. */
export async function prepareBatch(context: BatchContext, batch: Batch): Promise<StagedBatch> {
  const { writer, report } = context;
  const keys = [...batch.puts.map(({ c, path }) => ({ c, k: path })), ...batch.dels];
  const held = await writer.rawDigests(keys);
  const documents: StagedDocument[] = [];
  const accepted: RecordKey[] = [];
  const refusals: StagedRefusal[] = [];
  let bytes = 0;
  for (const [index, candidate] of batch.puts.entries()) {
    const before = held[index];
    if (before === candidate.digest) {
      report.unchanged++;
      accepted.push({ c: candidate.c, k: candidate.path });
      continue;
    }
    const document = stagedDocument(context, candidate, refusals);
    if (document === undefined) continue;
    documents.push(document);
    if (before === undefined) report.added++;
    else report.changed++;
    bytes += candidate.size;
    if (bytes < turnBytes) continue;
    bytes = 0;
    await setImmediate();
  }
  const removals = batch.dels.filter((_, index) => held[batch.puts.length + index] !== undefined);
  report.removed += removals.length;
  // A document that is gone on both sides has at most a refusal left, which ends.
  accepted.push(...batch.dels.filter((_, index) => held[batch.puts.length + index] === undefined));
  // Of a path that is refused twice the store keeps the first reason: that of the document, not of its repetition.
  return { documents, removals, accepted, refusals: [...refusals, ...batch.refusals] };
}

function stagedDocument(
  context: BatchContext,
  candidate: Candidate,
  refusals: StagedRefusal[],
): StagedDocument | undefined {
  const { c, path, text, digest, size } = candidate;
  try {
    const { facts, records, warnings } = context.parse(text, path);
    for (const message of warnings) context.report.warn(path, message);
    const future = facts.modified > context.latest;
    if (future) context.report.warn(path, `dated in the future: ${facts.modified}`);
    return {
      c,
      path,
      raw: { text, digest, size },
      records: records.map(({ k, v }) => ({ k, ...bodyOf(v) })),
      id: facts.id,
      ecosystems: facts.ecosystems,
      stamp: future ? '' : facts.modified,
    };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    refuse(context.report, refusals, { c, path, reason: error });
    return undefined;
  }
}

/** Lists a refusal for the answer and for the store. */
export function refuse(
  report: IngestReport,
  refusals: StagedRefusal[],
  refused: { readonly c: string; readonly path: string; readonly reason: Refused },
): void {
  const { code } = refused.reason;
  const message = displayText(refused.reason.message, 500);
  refusals.push({ c: refused.c, path: refused.path, code, message });
  report.refuse({ path: refused.path, code, message });
}

export function bodyOf(text: string): Body {
  return { text, digest: hash('sha256', text), size: Buffer.byteLength(text) };
}
