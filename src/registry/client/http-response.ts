// One HTTP answer: status, headers and a body.

import type { Dispatcher } from 'undici';
import { ExportError } from '../../core/errors.ts';
import { networkError, placeOf } from './network-errors.ts';

/** Header names are lower case; repeated headers are joined by a comma. */
export type ResponseHeaders = { readonly [name: string]: string | undefined };

export type HttpResponse = {
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  /** The body, once. Throws UNREACHABLE (retryable) when the connection breaks. Leaving the loop ends the transfer. */
  readonly body: AsyncIterable<Buffer>;
  /** The whole body; INPUT_TOO_LARGE above `limit` bytes. */
  bytes(limit: number): Promise<Buffer>;
  /** Reads a short rest so that the connection can be used again, cuts a long one; never throws. */
  discard(): Promise<void>;
};

/** Bytes of an unwanted body that are still read. */
const discardLimit = 65_536;

export function wrapResponse(data: Dispatcher.ResponseData, url: URL, signal?: AbortSignal): HttpResponse {
  // A body that nobody reads must not bring the process down when its connection breaks.
  data.body.on('error', () => {});
  const body = readBody(data, url, signal);
  return {
    status: data.statusCode,
    headers: joinHeaders(data.headers),
    url,
    body,
    bytes: (limit) => collect(body, limit, url),
    async discard() {
      try {
        let seen = 0;
        for await (const chunk of body) if ((seen += chunk.length) > discardLimit) break;
      } catch {
        // The body was not wanted.
      } finally {
        data.body.destroy();
      }
    },
  };
}

async function* readBody(
  data: Dispatcher.ResponseData,
  url: URL,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  try {
    yield* data.body as AsyncIterable<Buffer>;
  } catch (thrown) {
    throw networkError(thrown, url, signal);
  }
}

async function collect(body: AsyncIterable<Buffer>, limit: number, url: URL): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) throw new ExportError('INPUT_TOO_LARGE', `${placeOf(url)} sends more than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

function joinHeaders(headers: Dispatcher.ResponseData['headers']): ResponseHeaders {
  const joined: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) joined[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return joined;
}
