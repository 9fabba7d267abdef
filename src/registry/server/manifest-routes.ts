// Manifests: end-3 (pull), end-7a and end-7b (push, with tag parameters) and end-9 (delete) of distribution-spec.

import { digestOf, isDigest, type Digest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import type { StoredManifest } from '../../oci/manifest.ts';
import { isTag } from '../../oci/reference.ts';
import { examineManifest } from '../storage/manifest-rules.ts';
import { contentHeaders, matchesEtag } from './content-headers.ts';
import { bodyOf, declaredLength, headerOf, reply, replyHeaders, type RepositoryExchange } from './exchange.ts';
import { refuse } from './oci-error.ts';

/** Tag parameters of one push; the specification asks for ten at least. */
const maxTagParameters = 46;

export async function handleManifest(x: RepositoryExchange): Promise<void> {
  // Whatever has a colon is meant as a digest (distribution-spec §pulling manifests).
  if (x.reference.includes(':') && !isDigest(x.reference)) {
    return refuse(x, 400, 'DIGEST_INVALID', { message: 'not a digest' });
  }
  if (x.method === 'PUT') return putManifest(x);
  return x.method === 'DELETE' ? deleteManifest(x) : getManifest(x);
}

async function getManifest(x: RepositoryExchange): Promise<void> {
  if (x.method === 'HEAD') return headManifest(x);
  const stored = await x.repository.manifest(x.reference);
  if (!stored) return refuseUnknown(x);
  const { mediaType, digest } = stored.descriptor;
  const headers = { ...contentHeaders(x, digest), 'Content-Type': mediaType };
  if (matchesEtag(headerOf(x, 'if-none-match'), digest)) return reply(x, 304, headers);
  return reply(x, 200, headers, stored.bytes);
}

async function headManifest(x: RepositoryExchange): Promise<void> {
  const descriptor = await x.repository.resolve(x.reference);
  if (!descriptor) return refuseUnknown(x);
  const { mediaType, digest, size } = descriptor;
  const headers = { ...contentHeaders(x, digest), 'Content-Type': mediaType, 'Content-Length': size };
  if (replyHeaders(x, 200, headers)) x.outgoing.end();
}

async function putManifest(x: RepositoryExchange): Promise<void> {
  const parameters = x.query.getAll('tag');
  if (parameters.length > maxTagParameters) {
    return refuse(x, 414, 'UNSUPPORTED', { message: `at most ${maxTagParameters} tag parameters are taken` });
  }
  const tags = isDigest(x.reference) ? parameters : [x.reference, ...parameters];
  if (!tags.every(isTag)) return refuse(x, 400, 'MANIFEST_INVALID', { message: 'not a tag' });
  const bytes = await readBody(x);
  const digest: Digest = isDigest(x.reference) ? x.reference : digestOf(bytes);
  const manifest: StoredManifest = {
    descriptor: { mediaType: mediaTypeOf(x, bytes), digest, size: bytes.byteLength },
    bytes,
  };
  await x.repository.pushManifest(manifest, tags);
  const subject = examineManifest(manifest).referrer?.subject;
  return reply(x, 201, {
    Location: `/v2/${x.repository.name}/manifests/${digest}`,
    'Docker-Content-Digest': digest,
    ...(subject ? { 'OCI-Subject': subject } : {}),
    ...(parameters.length > 0 ? { 'OCI-Tag': tags.join(', ') } : {}),
  });
}

async function deleteManifest(x: RepositoryExchange): Promise<void> {
  if (!(await x.repository.resolve(x.reference))) return refuseUnknown(x);
  if (isDigest(x.reference)) await x.repository.deleteManifest(x.reference);
  else await x.repository.deleteTag(x.reference);
  return reply(x, 202, {});
}

async function readBody(x: RepositoryExchange): Promise<Buffer> {
  if ((declaredLength(x) ?? 0) > limits.manifestBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of bodyOf(x)) {
    size += chunk.byteLength;
    if (size > limits.manifestBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The Content-Type without parameters; where it says nothing, what the manifest says of itself. */
function mediaTypeOf(x: RepositoryExchange, bytes: Buffer): string {
  const header = headerOf(x, 'content-type')?.split(';')[0]?.trim() ?? '';
  if (header !== '' && header !== 'application/json' && header !== 'application/octet-stream') return header;
  try {
    const { mediaType } = JSON.parse(bytes.toString('utf8')) as { mediaType?: unknown };
    return typeof mediaType === 'string' ? mediaType : header;
  } catch (cause) {
    throw new ExportError('INPUT_INVALID', 'the manifest is not JSON', { cause });
  }
}

function tooLarge(): ExportError {
  return new ExportError('INPUT_TOO_LARGE', `a manifest may have ${limits.manifestBytes} bytes at most`);
}

async function refuseUnknown(x: RepositoryExchange): Promise<void> {
  if (await x.repository.exists())
    refuse(x, 404, 'MANIFEST_UNKNOWN', { message: 'the repository has no such manifest' });
  else refuse(x, 404, 'NAME_UNKNOWN', { message: 'there is no such repository' });
}
