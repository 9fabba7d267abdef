// Pushing a blob (distribution-spec v1.1.1 §pushing blobs): HEAD, mount from a sister repository, POST and PUT in one
// piece; in chunks when the blob is big or the one piece failed.

import { ExportError } from '../../core/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { BlobSource } from '../../oci/repository.ts';
import type { HttpResponse } from './http-response.ts';
import { openCheckedSource, type CheckedSource } from './checked-source.ts';
import { pushInChunks, type UploadStart } from './push-in-chunks.ts';
import { blobRefusal, commitTimeoutMs, locationOf, withDigest } from './upload-location.ts';
import type { RegistryEndpoint } from './registry-endpoint.ts';

/** From this size on a lost connection should not cost the whole blob. */
const monolithicLimit = 64 << 20;

/** Size of a blob by HEAD, undefined when it is not there. */
export async function statRemoteBlob(
  endpoint: RegistryEndpoint,
  digest: string,
  scopes: readonly string[],
): Promise<number | undefined> {
  const response = await endpoint.send({ method: 'HEAD', target: `blobs/${digest}`, scopes });
  await response.discard();
  if (response.status === 404) return undefined;
  if (response.status !== 200) throw await endpoint.refusal(`show blob ${digest} of ${endpoint.repository}`, response);
  const size = Number(response.headers['content-length'] ?? Number.NaN);
  if (Number.isSafeInteger(size)) return size;
  throw new ExportError('REGISTRY_REFUSED', `${endpoint.host} does not say how long blob ${digest} is`);
}

/** `present` when no byte had to be sent, a mount included. */
export async function pushRemoteBlob(
  endpoint: RegistryEndpoint,
  descriptor: Descriptor,
  source: BlobSource,
  mountFrom: string | undefined,
): Promise<'present' | 'written'> {
  const checked = openCheckedSource(descriptor, source);
  if ((await statRemoteBlob(endpoint, descriptor.digest, endpoint.push)) !== undefined) return 'present';
  const start = await startUpload(endpoint, descriptor, mountFrom);
  if (start === 'mounted') return 'present';
  let whole = descriptor.size <= monolithicLimit;
  let upload: UploadStart | undefined = start;
  for (let attempt = 0; ; attempt++) {
    try {
      upload ??= await openUpload(endpoint, descriptor);
      if (whole) await pushWhole(endpoint, descriptor, checked, upload.location);
      else await pushInChunks(endpoint, descriptor, checked, upload);
      return 'written';
    } catch (thrown) {
      const error = checked.failure ?? thrown;
      if (!(error instanceof ExportError) || !error.retryable || checked.failure || attempt >= endpoint.http.retries)
        throw error;
      await endpoint.http.pause(attempt);
      // The answer may have been lost after the registry had taken everything.
      if ((await statRemoteBlob(endpoint, descriptor.digest, endpoint.push)) !== undefined) return 'written';
      whole = false;
      upload = undefined;
    }
  }
}

async function pushWhole(
  endpoint: RegistryEndpoint,
  descriptor: Descriptor,
  source: CheckedSource,
  location: URL,
): Promise<void> {
  const response = await endpoint.send({
    method: 'PUT',
    target: withDigest(location, descriptor),
    scopes: endpoint.push,
    body: source.body,
    headers: { 'content-type': 'application/octet-stream', 'content-length': String(descriptor.size) },
    headersTimeoutMs: commitTimeoutMs,
  });
  if (response.status !== 201 && response.status !== 204) throw await blobRefusal(endpoint, descriptor, response);
  await response.discard();
}

async function startUpload(
  endpoint: RegistryEndpoint,
  descriptor: Descriptor,
  mountFrom: string | undefined,
): Promise<UploadStart | 'mounted'> {
  if (mountFrom === undefined || mountFrom === endpoint.repository) return openUpload(endpoint, descriptor);
  const query = new URLSearchParams({ mount: descriptor.digest, from: mountFrom });
  const response = await endpoint.send({
    method: 'POST',
    target: `blobs/uploads/?${query.toString()}`,
    scopes: [...endpoint.push, `repository:${mountFrom}:pull`],
    headers: { 'content-length': '0' },
    retry: true,
  });
  await response.discard();
  if (response.status === 201) return 'mounted';
  // A registry that will not mount has begun an upload instead, or may at least begin one when asked plainly.
  return response.status === 202 ? uploadAt(endpoint, response) : openUpload(endpoint, descriptor);
}

/** Begins an upload (end-4a). */
export async function openUpload(endpoint: RegistryEndpoint, descriptor: Descriptor): Promise<UploadStart> {
  const response = await endpoint.send({
    method: 'POST',
    target: 'blobs/uploads/',
    scopes: endpoint.push,
    headers: { 'content-length': '0' },
    retry: true,
  });
  if (response.status !== 202) throw await blobRefusal(endpoint, descriptor, response);
  await response.discard();
  return uploadAt(endpoint, response);
}

function uploadAt(endpoint: RegistryEndpoint, response: HttpResponse): UploadStart {
  const minimumChunk = Number(response.headers['oci-chunk-min-length'] ?? 0);
  return {
    location: locationOf(endpoint, response),
    minimumChunk: Number.isSafeInteger(minimumChunk) ? minimumChunk : 0,
  };
}
