// A whole bundle as one file (see download-plan.ts): byte-stable, with ranges, so that an interrupted download goes on
// where it stopped (RFC 9110 §13.1.5, §14). Memory is that of one blob's answer.

import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Digest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import type { BlobReader, StoredRepository } from '../storage/storage.ts';
import type { BufferPool } from './buffer-pool.ts';
import { parseRange } from './byte-range.ts';
import { planDownload, type DownloadPlan, type Segment } from './download-plan.ts';
import { hasGone } from './exchange.ts';
import { sendBytes, sendPart } from './send-blob.ts';

export type Download = {
  readonly repository: StoredRepository;
  /** A tag or digest. */
  readonly reference: string;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly buffers: BufferPool;
  /** Whether everybody may have it. */
  readonly isPublic: boolean;
};

/** As long as for a blob (see app.ts). */
const stallMs = 120_000;

/**
 * Answers GET and HEAD. Throws NOT_FOUND before anything was sent; what fails later cuts the connection, because only
 * that tells the client that the file is not whole.
 */
export async function sendDownload(x: Download): Promise<void> {
  const plan = await planDownload(x.repository, x.reference);
  if (!plan) throw new ExportError('NOT_FOUND', `${x.repository.name} has no ${x.reference}`);
  const { incoming, outgoing } = x;
  if (outgoing.destroyed) return;
  incoming.socket.setTimeout(stallMs);
  outgoing.on('error', () => undefined);
  const headers = headersOf(x, plan);
  if (isSame(incoming.headers['if-none-match'], plan.etag)) return answer(outgoing, 304, headers);
  const ifRange = incoming.headers['if-range'];
  const asked = ifRange === undefined || ifRange === plan.etag ? incoming.headers.range : undefined;
  const range = parseRange(asked, plan.size);
  if (range === 'unsatisfiable') {
    return answer(outgoing, 416, { 'Content-Range': `bytes */${plan.size}`, 'Content-Length': 0 });
  }
  const { start, end } = range ?? { start: 0, end: plan.size };
  const partial = range ? { 'Content-Range': `bytes ${start}-${end - 1}/${plan.size}` } : {};
  const status = range ? 206 : 200;
  outgoing.writeHead(status, { ...headers, ...partial, 'Content-Length': end - start });
  if (incoming.method === 'HEAD') {
    outgoing.end();
    return undefined;
  }
  return sendBody(x, plan, start, end);
}

async function sendBody(x: Download, { segments }: DownloadPlan, start: number, end: number): Promise<void> {
  try {
    for (const segment of segments) {
      if (segment.offset >= end) break;
      const from = Math.max(start - segment.offset, 0);
      const to = Math.min(end - segment.offset, segment.size);
      if (from < to) await sendSegment(x, segment, from, to);
    }
    x.outgoing.end();
  } catch (thrown) {
    x.outgoing.destroy();
    if (!hasGone(x)) throw thrown;
  }
}

async function sendSegment(x: Download, segment: Segment, from: number, to: number): Promise<void> {
  if ('bytes' in segment) return sendBytes(x.outgoing, segment.bytes.subarray(from, to));
  const reader = await readerOf(x.repository, segment.digest);
  try {
    await sendPart(x.outgoing, reader, from, to, x.buffers);
  } finally {
    await reader.close();
  }
}

/** A manifest is no blob of the repository, so it is read as what it is. */
async function readerOf(repository: StoredRepository, digest: Digest): Promise<BlobReader> {
  const reader = await repository.readBlob(digest);
  if (reader) return reader;
  const stored = await repository.manifest(digest);
  if (!stored) throw new ExportError('STORAGE_FAILED', `${digest} vanished while it was sent`);
  const { bytes } = stored;
  return { size: bytes.length, bytes, read: () => Promise.resolve(0), close: () => Promise.resolve() };
}

function headersOf({ isPublic, reference }: Download, { digest, etag }: DownloadPlan): OutgoingHttpHeaders {
  const name = reference.replace(/[^a-zA-Z0-9._-]/g, '-');
  return {
    'Content-Type': 'application/x-tar',
    'Content-Disposition': `attachment; filename="${name}.tar"`,
    'Accept-Ranges': 'bytes',
    ETag: etag,
    'Docker-Content-Digest': digest,
    // Signatures may be added to what a digest names, so every download is asked for anew.
    'Cache-Control': `${isPublic ? 'public' : 'private'}, no-cache, no-transform`,
    'X-Content-Type-Options': 'nosniff',
  };
}

function isSame(header: string | undefined, etag: string): boolean {
  const tags = (header ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}

function answer(outgoing: ServerResponse, status: number, headers: OutgoingHttpHeaders): void {
  outgoing.writeHead(status, headers);
  outgoing.end();
}
