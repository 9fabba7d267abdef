// Reading a blob from a registry (distribution-spec v1.1.1 §pulling blobs): a connection that breaks is taken up again
// at the byte where it broke, and what is read from its start is verified while it streams.

import { Digester, digestAlgorithm } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { HttpResponse } from './http-response.ts';
import type { RegistryEndpoint } from './registry-endpoint.ts';

/** New bytes that make a try count as progress, after which the patience begins anew. */
const progressBytes = 65_536;

/** The bytes from offset `from`. Errors: NOT_FOUND, DIGEST_MISMATCH (wrong, short or long bytes), UNREACHABLE. */
export async function* openRemoteBlob(
  endpoint: RegistryEndpoint,
  descriptor: Descriptor,
  from: number,
): AsyncGenerator<Buffer> {
  if (from > descriptor.size) throw mismatch(endpoint, descriptor, `has no byte ${from}`);
  const reader = new BlobReader(endpoint, descriptor, from);
  for (let idle = 0; !reader.done; idle++) {
    const before = reader.offset;
    try {
      yield* reader.read();
    } catch (thrown) {
      if (!(thrown instanceof ExportError) || !thrown.retryable || idle >= endpoint.http.retries) throw thrown;
      reader.broken = true;
    }
    if (reader.done) break;
    if (idle >= endpoint.http.retries) throw mismatch(endpoint, descriptor, `ends after ${reader.offset} bytes`);
    if (reader.offset - before >= progressBytes) idle = 0;
    await endpoint.http.pause(idle);
  }
  reader.verify();
}

class BlobReader {
  offset: number;
  /** Set when the last connection broke: a request for the rest is wanted even at offset 0. */
  broken = true;
  readonly #endpoint: RegistryEndpoint;
  readonly #descriptor: Descriptor;
  readonly #digester: Digester | undefined;
  #etag: string | undefined;

  constructor(endpoint: RegistryEndpoint, descriptor: Descriptor, from: number) {
    this.#endpoint = endpoint;
    this.#descriptor = descriptor;
    this.offset = from;
    this.#digester = from === 0 ? new Digester(digestAlgorithm(descriptor.digest)) : undefined;
    // The rest of a blob that is whole is nothing; an empty blob must still be asked for.
    this.broken = from === 0 || from < descriptor.size;
  }

  get done(): boolean {
    return this.offset === this.#descriptor.size && !this.broken;
  }

  /** One request from `offset` on; the caller begins again when it ends early. */
  async *read(): AsyncGenerator<Buffer> {
    const response = await this.#request();
    let skip = this.#start(response);
    this.#etag = strongEtag(response.headers['etag']);
    for await (const received of response.body) {
      const chunk = skip > 0 ? received.subarray(Math.min(skip, received.length)) : received;
      skip -= received.length - chunk.length;
      if (chunk.length === 0) continue;
      if (this.offset + chunk.length > this.#descriptor.size) throw this.#wrong('is longer than its descriptor says');
      this.#digester?.update(chunk);
      this.offset += chunk.length;
      yield chunk;
    }
    this.broken = false;
  }

  verify(): void {
    if (this.#digester && this.#digester.digest() !== this.#descriptor.digest) throw this.#wrong('has other bytes');
  }

  async #request(): Promise<HttpResponse> {
    const { digest, size } = this.#descriptor;
    const range = this.offset > 0 ? { range: `bytes=${this.offset}-`, 'if-range': this.#etag } : {};
    const request = { method: 'GET' as const, target: `blobs/${digest}`, scopes: this.#endpoint.pull, headers: range };
    const response = await this.#endpoint.send(request);
    if (response.status === 200 || (response.status === 206 && this.offset > 0)) return response;
    if (response.status === 416 && this.offset < size) {
      await response.discard();
      throw this.#wrong('is shorter than its descriptor says');
    }
    throw await this.#endpoint.refusal(`give blob ${digest} of ${this.#endpoint.repository}`, response);
  }

  /** Bytes to leave out before `offset`, after checking what the answer claims to hold. */
  #start(response: HttpResponse): number {
    const { size } = this.#descriptor;
    if (response.status === 200) {
      const length = response.headers['content-length'];
      if (length !== undefined && Number(length) !== size) {
        void response.discard();
        throw this.#wrong(`has ${Number(length)} bytes instead of ${size}`);
      }
      return this.offset;
    }
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers['content-range'] ?? '');
    if (range && Number(range[1]) === this.offset && (range[2] === '*' || Number(range[2]) === size)) return 0;
    void response.discard();
    throw this.#wrong('comes in another range than was asked for');
  }

  #wrong(what: string): ExportError {
    return mismatch(this.#endpoint, this.#descriptor, what);
  }
}

function mismatch(endpoint: RegistryEndpoint, { digest }: Descriptor, what: string): ExportError {
  return new ExportError('DIGEST_MISMATCH', `blob ${digest} from ${endpoint.host}/${endpoint.repository} ${what}`, {
    hint: 'the registry, or something on the way, gives damaged content',
  });
}

/** Weak validators must not be used with If-Range (RFC 9110 §13.1.5). */
function strongEtag(etag: string | undefined): string | undefined {
  return etag?.startsWith('"') ? etag : undefined;
}
