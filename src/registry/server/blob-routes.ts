// Blobs: end-2 (pull, with ranges) and end-10 (delete) of distribution-spec.

import type { OutgoingHttpHeaders } from 'node:http';
import { isDigest, type Digest } from '../../core/digest.ts';
import { parseRange } from './byte-range.ts';
import { headerOf, reply, replyHeaders, type RepositoryExchange } from './exchange.ts';
import { refuse } from './oci-error.ts';
import { contentHeaders, matchesEtag } from './content-headers.ts';
import { sendBlob } from './send-blob.ts';

export async function handleBlob(x: RepositoryExchange): Promise<void> {
  const digest = x.reference;
  if (!isDigest(digest)) return refuse(x, 400, 'DIGEST_INVALID', { message: 'not a digest' });
  if (x.method === 'DELETE') return deleteBlob(x, digest);
  return x.method === 'HEAD' ? headBlob(x, digest) : getBlob(x, digest);
}

async function deleteBlob(x: RepositoryExchange, digest: Digest): Promise<void> {
  if (await x.repository.deleteBlob(digest)) reply(x, 202, {});
  else refuseUnknown(x, digest);
}

async function headBlob(x: RepositoryExchange, digest: Digest): Promise<void> {
  const size = await x.repository.statBlob(digest);
  if (size === undefined) return refuseUnknown(x, digest);
  if (replyHeaders(x, 200, { ...blobHeaders(x, digest), 'Content-Length': size })) x.outgoing.end();
}

async function getBlob(x: RepositoryExchange, digest: Digest): Promise<void> {
  const headers = blobHeaders(x, digest);
  const url = await x.repository.blobUrl?.(digest);
  // The signature in it runs out, so nobody may keep this answer.
  if (url) return reply(x, 307, { Location: url.href, 'Docker-Content-Digest': digest, 'Cache-Control': 'no-store' });
  const reader = await x.repository.readBlob(digest);
  if (!reader) return refuseUnknown(x, digest);
  try {
    if (matchesEtag(headerOf(x, 'if-none-match'), digest)) return reply(x, 304, headers);
    const ifRange = headerOf(x, 'if-range');
    const asked = ifRange === undefined || ifRange === `"${digest}"` ? headerOf(x, 'range') : undefined;
    const range = parseRange(asked, reader.size);
    if (range === 'unsatisfiable') {
      const unsatisfiable = { 'Content-Range': `bytes */${reader.size}` };
      return refuse(x, 416, 'SIZE_INVALID', { message: 'no such range', headers: unsatisfiable });
    }
    const { start, end } = range ?? { start: 0, end: reader.size };
    const partial = range ? { 'Content-Range': `bytes ${start}-${end - 1}/${reader.size}` } : {};
    const sent = replyHeaders(x, range ? 206 : 200, { ...headers, ...partial, 'Content-Length': end - start });
    if (sent) await sendBlob(x.outgoing, reader, start, end, x.context.buffers);
  } finally {
    await reader.close();
  }
}

function blobHeaders(x: RepositoryExchange, digest: Digest): OutgoingHttpHeaders {
  return { ...contentHeaders(x, digest), 'Content-Type': 'application/octet-stream', 'Accept-Ranges': 'bytes' };
}

function refuseUnknown(x: RepositoryExchange, digest: Digest): void {
  refuse(x, 404, 'BLOB_UNKNOWN', { message: 'the repository has no such blob', detail: { digest } });
}
