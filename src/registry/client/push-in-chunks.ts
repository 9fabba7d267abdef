// Chunked upload (distribution-spec v1.1.1 §pushing a blob in chunks): PATCH after PATCH, each held in memory until the
// registry has it, so that a broken connection is taken up where the registry says it is.

import { ExportError } from '../../core/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { CheckedSource } from './checked-source.ts';
import type { HttpResponse } from './http-response.ts';
import { blobRefusal, commitTimeoutMs, locationOf, withDigest } from './upload-location.ts';
import type { RegistryEndpoint } from './registry-endpoint.ts';

const chunkBytes = 16 << 20;
const largestChunkBytes = 128 << 20;

/** Throws a retryable error when the upload is lost; the caller then begins a new one. `bytes` is the wanted chunk. */
export async function pushInChunks(
  endpoint: RegistryEndpoint,
  descriptor: Descriptor,
  source: CheckedSource,
  start: UploadStart,
  bytes: number = chunkBytes,
): Promise<void> {
  const upload = new ChunkedUpload(endpoint, descriptor, start.location);
  const wanted = Math.min(Math.max(bytes, start.minimumChunk), largestChunkBytes);
  for await (const chunk of regroup(source.body(), wanted)) await upload.append(chunk);
  await upload.finish();
}

export type UploadStart = { readonly location: URL; /** OCI-Chunk-Min-Length. */ readonly minimumChunk: number };

class ChunkedUpload {
  readonly #endpoint: RegistryEndpoint;
  readonly #descriptor: Descriptor;
  #location: URL;
  #offset = 0;

  constructor(endpoint: RegistryEndpoint, descriptor: Descriptor, location: URL) {
    this.#endpoint = endpoint;
    this.#descriptor = descriptor;
    this.#location = location;
  }

  async append(chunk: Buffer): Promise<void> {
    const start = this.#offset;
    for (let attempt = 0; this.#offset < start + chunk.length; attempt++) {
      try {
        await this.#patch(chunk.subarray(this.#offset - start));
      } catch (thrown) {
        const retryable = thrown instanceof ExportError && thrown.retryable;
        if (!retryable || attempt >= this.#endpoint.http.retries) throw thrown;
        await this.#endpoint.http.pause(attempt);
        await this.#locate(start, start + chunk.length);
      }
    }
  }

  async finish(): Promise<void> {
    const response = await this.#endpoint.send({
      method: 'PUT',
      target: withDigest(this.#location, this.#descriptor),
      scopes: this.#endpoint.push,
      headers: { 'content-length': '0' },
      headersTimeoutMs: commitTimeoutMs,
    });
    if (response.status !== 201 && response.status !== 204) {
      throw await blobRefusal(this.#endpoint, this.#descriptor, response);
    }
    await response.discard();
  }

  async #patch(bytes: Buffer): Promise<void> {
    const end = this.#offset + bytes.length - 1;
    const response = await this.#endpoint.send({
      method: 'PATCH',
      target: this.#location,
      scopes: this.#endpoint.push,
      body: bytes,
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(bytes.length),
        'content-range': `${this.#offset}-${end}`,
      },
    });
    if (response.status === 416) {
      await response.discard();
      throw lost(this.#endpoint, 'the registry has another part of the upload');
    }
    if (response.status !== 202) throw await blobRefusal(this.#endpoint, this.#descriptor, response);
    await response.discard();
    this.#location = locationOf(this.#endpoint, response);
    this.#offset = end + 1;
  }

  /** Asks how far the upload is (end-13) and goes on there, if that is inside the chunk in memory. */
  async #locate(from: number, to: number): Promise<void> {
    const response = await this.#endpoint.send({ method: 'GET', target: this.#location, scopes: this.#endpoint.push });
    await response.discard();
    if (response.status !== 204) throw lost(this.#endpoint, 'the registry has dropped the upload');
    const offset = receivedBytes(response);
    if (offset < from || offset > to) throw lost(this.#endpoint, 'the registry has lost a part of the upload');
    if (response.headers['location'] !== undefined) this.#location = locationOf(this.#endpoint, response);
    this.#offset = offset;
  }
}

/** `Range: 0-N` means N+1 bytes, but `0-0` means none: the protocol cannot say one byte. */
function receivedBytes(response: HttpResponse): number {
  const last = Number(/^(?:bytes=)?0-(\d+)$/.exec(response.headers['range'] ?? '')?.[1] ?? 0);
  return last === 0 ? 0 : last + 1;
}

function lost(endpoint: RegistryEndpoint, why: string): ExportError {
  return new ExportError('UNREACHABLE', `the upload to ${endpoint.host} broke off: ${why}`, { retryable: true });
}

/** The same bytes in pieces of `size`, the last one shorter. */
async function* regroup(source: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let held = 0;
  for await (const chunk of source) {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    while (held + rest.length >= size) {
      const taken = rest.subarray(0, size - held);
      yield Buffer.concat([...parts, taken], size);
      rest = rest.subarray(taken.length);
      parts = [];
      held = 0;
    }
    if (rest.length > 0) {
      parts.push(rest);
      held += rest.length;
    }
  }
  if (held > 0) yield Buffer.concat(parts, held);
}
