// The one HTTP client of the product's outgoing side: proxies, private certificate authorities, retries, redirects that
// keep credentials at home, offline refusal, honest byte counts. Other rooms use it for plain downloads as well.

import { setTimeout as sleep } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { request as undiciRequest } from 'undici';
import { systemClock, type Clock } from '../../core/clock.ts';
import { ExportError } from '../../core/errors.ts';
import { openConnections, type Connections } from './dispatcher.ts';
import { wrapResponse, type HttpResponse } from './http-response.ts';
import { cancelled, networkError, placeOf } from './network-errors.ts';
import type { Environment } from './proxy-environment.ts';
import { isRetryStatus, retryDelay, type RetryPolicy } from './retry-policy.ts';

export type HttpOptions = {
  /** PEM text of certificate authorities that are trusted besides Node's own. */
  readonly ca?: string | undefined;
  /** Every request throws OFFLINE. */
  readonly offline?: boolean | undefined;
  /** Where HTTPS_PROXY, HTTP_PROXY and NO_PROXY are read; the process's environment by default. */
  readonly env?: Environment | undefined;
  /** Ends every request of this client. */
  readonly signal?: AbortSignal | undefined;
  /** Told the size of every piece of every response body: redirects, refusals and tokens included. */
  readonly onBytes?: ((count: number) => void) | undefined;
  readonly userAgent?: string;
  /** Repetitions after a failure that may pass; default 4. */
  readonly retries?: number;
  /** First delay before a repetition, doubled each time, jittered; default 250 ms. */
  readonly retryDelayMs?: number;
  /** Longest delay, for Retry-After too; default 30 s. */
  readonly maxRetryDelayMs?: number;
  readonly connectTimeoutMs?: number;
  /** Longest wait for the answer's head; default 30 s. */
  readonly headersTimeoutMs?: number;
  /** Longest silence inside a body; default 30 s. */
  readonly bodyTimeoutMs?: number;
  readonly clock?: Clock;
};

export type HttpRequest = {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers?: { readonly [name: string]: string | undefined };
  /** Bytes, or a function that begins the bytes anew for each try; then `headers` must have content-length. */
  readonly body?: Buffer | (() => AsyncIterable<Uint8Array>);
  readonly signal?: AbortSignal | undefined;
  /** Whether this request may be repeated; default: yes for GET, HEAD and DELETE. */
  readonly retry?: boolean;
  readonly headersTimeoutMs?: number;
};

export interface Http {
  /** Sends and gives back whatever status comes, after retries and redirects. Throws UNREACHABLE, OFFLINE, CANCELLED. */
  request(request: HttpRequest): Promise<HttpResponse>;
  /** A plain GET; every status is an answer (304 too). */
  get(url: string | URL, options?: { headers?: HttpRequest['headers']; signal?: AbortSignal }): Promise<HttpResponse>;
  /** Waits as long as the policy wants before repetition `attempt`, counted from 0. */
  pause(attempt: number, retryAfter?: string): Promise<void>;
  /** Whether certificate authorities of the caller's own are trusted. */
  readonly hasOwnAuthorities: boolean;
  /** How often a caller's own loop may repeat. */
  readonly retries: number;
  /** Ends all connections. */
  close(): Promise<void>;
}

const maxRedirects = 5;

export function createHttp(options: HttpOptions = {}): Http {
  return new UndiciHttp(options);
}

class UndiciHttp implements Http {
  readonly retries: number;
  readonly hasOwnAuthorities: boolean;
  readonly #options: HttpOptions;
  readonly #policy: RetryPolicy;
  readonly #clock: Clock;
  #connections: Connections | undefined;

  constructor(options: HttpOptions) {
    this.#options = options;
    this.retries = options.retries ?? 4;
    this.hasOwnAuthorities = options.ca !== undefined;
    this.#policy = {
      retries: this.retries,
      delayMs: options.retryDelayMs ?? 250,
      maxDelayMs: options.maxRetryDelayMs ?? 30_000,
    };
    this.#clock = options.clock ?? systemClock;
  }

  async request(request: HttpRequest): Promise<HttpResponse> {
    this.#refuseOffline(request.url);
    const mayRepeat = request.retry ?? ['GET', 'HEAD', 'DELETE'].includes(request.method);
    for (let attempt = 0; ; attempt++) {
      const exhausted = attempt >= this.retries;
      const last = exhausted || !mayRepeat;
      try {
        const response = await this.#follow(request);
        // Whoever is told "too many requests" has had no effect, so that writing again is safe.
        if (response.status === 429 ? exhausted : last || !isRetryStatus(response.status)) return response;
        await response.discard();
        await this.pause(attempt, response.headers['retry-after']);
      } catch (thrown) {
        const error = networkError(thrown, request.url);
        if (last || !error.retryable) throw error;
        await this.pause(attempt);
      }
    }
  }

  get(
    url: string | URL,
    options: { headers?: HttpRequest['headers']; signal?: AbortSignal } = {},
  ): Promise<HttpResponse> {
    const request = {
      method: 'GET' as const,
      url: new URL(url),
      ...(options.signal ? { signal: options.signal } : {}),
    };
    return this.request(options.headers ? { ...request, headers: options.headers } : request);
  }

  async pause(attempt: number, retryAfter?: string): Promise<void> {
    const delay = retryDelay(this.#policy, attempt, retryAfter, this.#clock.now());
    try {
      await sleep(delay, undefined, this.#options.signal ? { signal: this.#options.signal } : {});
    } catch (cause) {
      throw cancelled(cause);
    }
  }

  async close(): Promise<void> {
    await this.#connections?.close();
    this.#connections = undefined;
  }

  #refuseOffline(url: URL): void {
    if (!this.#options.offline) return;
    throw new ExportError('OFFLINE', `${url.host} is needed, but the network is not to be used`, {
      hint: 'leave out --offline, or work on a local folder',
    });
  }

  async #follow(request: HttpRequest): Promise<HttpResponse> {
    let hop = request;
    for (let redirects = 0; ; redirects++) {
      const response = await this.#once(hop);
      const target = redirectTarget(hop, response);
      if (target === undefined) return response;
      await response.discard();
      if (redirects >= maxRedirects) {
        throw new ExportError('REGISTRY_REFUSED', `${request.url.host} redirects more than ${maxRedirects} times`);
      }
      hop = { ...hop, url: target, headers: headersFor(hop, target) };
    }
  }

  async #once(request: HttpRequest): Promise<HttpResponse> {
    const { url, method, body } = request;
    if (url.protocol !== 'https:' && url.protocol !== 'http:') {
      throw new ExportError('USAGE', `only http and https are fetched, not ${url.protocol}`);
    }
    const signal = anySignal(this.#options.signal, request.signal);
    try {
      const data = await undiciRequest(url, {
        method,
        dispatcher: this.#open().dispatcherFor(url),
        headers: this.#headers(request),
        ...(body === undefined ? {} : { body: Buffer.isBuffer(body) ? body : streamOf(body()) }),
        ...(signal ? { signal } : {}),
        ...(request.headersTimeoutMs === undefined ? {} : { headersTimeout: request.headersTimeoutMs }),
      });
      return wrapResponse(data, url, signal);
    } catch (thrown) {
      throw networkError(thrown, url, signal);
    }
  }

  #headers(request: HttpRequest): Record<string, string> {
    const headers: Record<string, string> = {
      'user-agent': this.#options.userAgent ?? 'export-center',
      // Counted bytes are content bytes, and digests are over what is stored: nothing may be packed on the way.
      'accept-encoding': 'identity',
    };
    for (const [name, value] of Object.entries(request.headers ?? {})) {
      if (value !== undefined) headers[name.toLowerCase()] = value;
    }
    return headers;
  }

  #open(): Connections {
    this.#connections ??= openConnections({
      ca: this.#options.ca,
      env: this.#options.env ?? process.env,
      onBytes: this.#options.onBytes ?? (() => {}),
      connectTimeoutMs: this.#options.connectTimeoutMs ?? 10_000,
      headersTimeoutMs: this.#options.headersTimeoutMs ?? 30_000,
      bodyTimeoutMs: this.#options.bodyTimeoutMs ?? 30_000,
    });
    return this.#connections;
  }
}

/** The connection's own failure must not be thrown into the source, which would take it for one of its own. */
function streamOf(source: AsyncIterable<Uint8Array>): Readable {
  const iterator = source[Symbol.asyncIterator]();
  const end = async (): Promise<IteratorResult<Uint8Array>> => {
    await iterator.return?.();
    return { done: true, value: undefined };
  };
  return Readable.from({ [Symbol.asyncIterator]: () => ({ next: () => iterator.next(), return: end }) });
}

function anySignal(...signals: (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((signal) => signal !== undefined);
  return given.length > 1 ? AbortSignal.any(given) : given[0];
}

/** Where to go on, undefined when the answer is final. Only 307 and 308 repeat a request that writes. */
function redirectTarget(request: HttpRequest, response: HttpResponse): URL | undefined {
  const reads = request.method === 'GET' || request.method === 'HEAD';
  const follow = reads ? [301, 302, 303, 307, 308] : [307, 308];
  const location = response.headers['location'];
  if (location === undefined || !follow.includes(response.status)) return undefined;
  const target = URL.parse(location, request.url.href);
  if (!target) throw new ExportError('REGISTRY_REFUSED', `${request.url.host} redirects to something that is no URL`);
  if (request.url.protocol === 'https:' && target.protocol !== 'https:') {
    throw new ExportError('REGISTRY_REFUSED', `${request.url.host} redirects from https to ${placeOf(target)}`, {
      hint: 'what was asked for over TLS is not fetched without it',
    });
  }
  return target;
}

/** Credentials stay with the origin that they were meant for. */
function headersFor(request: HttpRequest, target: URL): NonNullable<HttpRequest['headers']> {
  if (target.origin === request.url.origin) return request.headers ?? {};
  const private_ = new Set(['authorization', 'cookie', 'proxy-authorization']);
  return Object.fromEntries(
    Object.entries(request.headers ?? {}).filter(([name]) => !private_.has(name.toLowerCase())),
  );
}
