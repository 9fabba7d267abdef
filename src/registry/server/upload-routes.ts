// Uploads of blobs: end-4a, end-4b, end-11 (begin, at once, mount), end-5 and end-6 (chunks, the end), end-13 and end-14
// (status, cancel) of distribution-spec. Locations are relative, so they are right behind every proxy.

import type { OutgoingHttpHeaders } from 'node:http';
import { isDigest, type Digest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import { isRepositoryName } from '../../oci/reference.ts';
import { declaredLength, expectSilence, headerOf, passingBodyOf, reply, type RepositoryExchange } from './exchange.ts';
import { refuse } from './oci-error.ts';

/** POST …/blobs/uploads/ */
export async function handleUploadStart(x: RepositoryExchange): Promise<void> {
  const mount = x.query.get('mount');
  const digest = x.query.get('digest');
  const algorithm = x.query.get('digest-algorithm');
  for (const given of [mount, digest]) {
    if (given !== null && !isDigest(given)) return refuse(x, 400, 'DIGEST_INVALID', { message: 'not a digest' });
  }
  if (algorithm !== null && algorithm !== 'sha256' && algorithm !== 'sha512') {
    return refuse(x, 400, 'DIGEST_INVALID', { message: 'the digest algorithm is not sha256 or sha512' });
  }
  if (mount !== null && isDigest(mount)) {
    if (await x.repository.mountBlob(mount, await mountSources(x, mount))) return replyCreated(x, mount);
  } else if (digest !== null && isDigest(digest)) {
    return uploadAtOnce(x, digest);
  }
  return reply(x, 202, uploadHeaders(x, await x.repository.uploads.start(), 0));
}

/** PATCH, PUT, GET and DELETE of an upload's location. */
export async function handleUpload(x: RepositoryExchange): Promise<void> {
  if (x.method === 'PATCH') return patchUpload(x);
  if (x.method === 'PUT') return putUpload(x);
  const { uploads } = x.repository;
  if (x.method === 'DELETE') {
    if (await uploads.cancel(x.reference)) return reply(x, 204, {});
  } else {
    const size = await uploads.size(x.reference);
    if (size !== undefined) return reply(x, 204, uploadHeaders(x, x.reference, size));
  }
  return refuse(x, 404, 'BLOB_UPLOAD_UNKNOWN', { message: 'no such upload' });
}

/** Where a blob may be mounted from: the repository that is named, or all; only those that the caller may pull from. */
async function mountSources(x: RepositoryExchange, digest: Digest): Promise<string[]> {
  const { storage, access } = x.context;
  if (!(await storage.content.find(digest))) return [];
  const from = x.query.get('from');
  const names = from === null ? await storage.repositories() : [from];
  return names.filter((name) => isRepositoryName(name) && access.allows(x.caller, name, 'pull'));
}

async function uploadAtOnce(x: RepositoryExchange, digest: Digest): Promise<void> {
  const { uploads } = x.repository;
  checkLength(x);
  const id = await uploads.start();
  try {
    await uploads.append(id, passingBodyOf(x), 0);
    expectSilence(x);
    await uploads.finish(id, digest);
  } catch (thrown) {
    // The client never learned the location, so it cannot go on.
    await uploads.cancel(id);
    throw thrown;
  }
  return replyCreated(x, digest);
}

async function patchUpload(x: RepositoryExchange): Promise<void> {
  checkLength(x);
  const offset = chunkOffset(x);
  try {
    const size = await x.repository.uploads.append(x.reference, passingBodyOf(x), offset);
    return reply(x, 202, uploadHeaders(x, x.reference, size));
  } catch (thrown) {
    return refuseOffset(x, thrown);
  }
}

async function putUpload(x: RepositoryExchange): Promise<void> {
  const digest = x.query.get('digest') ?? '';
  if (!isDigest(digest)) return refuse(x, 400, 'DIGEST_INVALID', { message: 'the digest is missing or malformed' });
  const { uploads } = x.repository;
  checkLength(x);
  const offset = chunkOffset(x);
  try {
    if (declaredLength(x) !== 0) await uploads.append(x.reference, passingBodyOf(x), offset);
    expectSilence(x);
    await uploads.finish(x.reference, digest);
  } catch (thrown) {
    return refuseOffset(x, thrown);
  }
  return replyCreated(x, digest);
}

/** 416 with the place to go on at, when a chunk does not begin where the upload stands. */
async function refuseOffset(x: RepositoryExchange, thrown: unknown): Promise<void> {
  if (!(thrown instanceof ExportError && thrown.code === 'CONFLICT')) throw thrown;
  const size = (await x.repository.uploads.size(x.reference)) ?? 0;
  refuse(x, 416, 'BLOB_UPLOAD_INVALID', {
    message: thrown.message,
    headers: uploadHeaders(x, x.reference, size),
  });
}

/** First position of the chunk that Content-Range names, undefined without one. */
function chunkOffset(x: RepositoryExchange): number | undefined {
  const header = headerOf(x, 'content-range');
  if (header === undefined) return undefined;
  const [, first, last] = /^(?:bytes[ =])?(\d+)-(\d+)(?:\/(?:\d+|\*))?$/.exec(header.trim()) ?? [];
  const length = declaredLength(x);
  const declared = Number(last) - Number(first) + 1;
  if (first === undefined || declared < 1 || (length !== undefined && length !== declared)) {
    throw new ExportError('INPUT_INVALID', 'the content range does not fit the body');
  }
  return Number(first);
}

function checkLength(x: RepositoryExchange): void {
  if ((declaredLength(x) ?? 0) > limits.blobBytes) {
    throw new ExportError('INPUT_TOO_LARGE', `a blob may have ${limits.blobBytes} bytes at most`);
  }
}

function replyCreated(x: RepositoryExchange, digest: Digest): void {
  reply(x, 201, { Location: `/v2/${x.repository.name}/blobs/${digest}`, 'Docker-Content-Digest': digest });
}

function uploadHeaders(x: RepositoryExchange, id: string, size: number): OutgoingHttpHeaders {
  return {
    Location: `/v2/${x.repository.name}/blobs/uploads/${id}`,
    // An empty upload and one of a single byte look alike; that is the protocol.
    Range: `0-${Math.max(size - 1, 0)}`,
    'Docker-Upload-UUID': id,
  };
}
