// One connection to a service's API: sends JSON, reads JSON, turns problems back into the errors they came from.

import type { Principal } from '../access/roles.ts';
import { ExportError } from '../core/errors.ts';
import { createHttp, type Http } from '../registry/client/http.ts';
import type { HttpResponse } from '../registry/client/http-response.ts';
import { fromProblem } from './problem.ts';

export type RemoteOptions = {
  /** Origin of the service, with a path when it stands behind one. */
  readonly server: string;
  readonly token: string;
  /** PEM text of additional certificate authorities. */
  readonly ca?: string;
  readonly offline?: boolean;
  readonly signal?: AbortSignal;
  readonly env?: { readonly [name: string]: string | undefined };
};

/** Who answers, and who the token is. */
export type Greeting = { readonly name: string; readonly version: string; readonly principal: Principal };

type Query = { readonly [name: string]: string | undefined };

export type RemoteRequest = {
  readonly path: readonly string[];
  readonly query?: Query;
  readonly headers?: { readonly [name: string]: string | undefined };
  readonly signal?: AbortSignal | undefined;
};

export type RemotePost = RemoteRequest & {
  readonly json?: unknown;
  readonly bytes?: () => AsyncIterable<Uint8Array>;
  /** Whether sending it twice does no harm. */
  readonly repeatable?: boolean;
};

export interface Remote {
  readonly host: string;
  readonly http: Http;
  get<T>(request: RemoteRequest): Promise<T>;
  post<T>(request: RemotePost): Promise<T>;
  /** An answer whose body the caller reads; refusals are thrown. */
  open(method: 'GET' | 'POST', request: RemotePost): Promise<HttpResponse>;
}

/** Longest wait for the head of an answer to work that the service does before it answers. */
const workTimeoutMs = 900_000;
/** A list of a hundred thousand refusals fits. */
const answerLimit = 256 << 20;

/** Throws USAGE for something that is no http(s) URL. Nothing is sent yet. */
export function openRemote(options: RemoteOptions): Remote {
  const base = parseServer(options.server);
  const http = createHttp({ ca: options.ca, offline: options.offline, signal: options.signal, env: options.env });
  const open = async (method: 'GET' | 'POST', request: RemotePost): Promise<HttpResponse> => {
    const response = await http.request({
      method,
      url: urlOf(base, request),
      headers: { authorization: `Bearer ${options.token}`, ...bodyHeaders(request), ...request.headers },
      signal: request.signal,
      ...(request.bytes === undefined ? {} : { body: request.bytes }),
      ...(request.json === undefined ? {} : { body: Buffer.from(JSON.stringify(request.json)) }),
      ...(method === 'POST' ? { headersTimeoutMs: workTimeoutMs, retry: request.repeatable ?? false } : {}),
    });
    if (response.status >= 200 && response.status < 300) return response;
    throw fromProblem(await readProblem(response), response.status, base.host);
  };
  const json = async (response: HttpResponse): Promise<unknown> => {
    const bytes = await response.bytes(answerLimit);
    try {
      return JSON.parse(bytes.toString('utf8'));
    } catch {
      throw fromProblem(undefined, response.status, base.host);
    }
  };
  return {
    host: base.host,
    http,
    open,
    get: async <T>(request: RemoteRequest) => (await json(await open('GET', request))) as T,
    post: async <T>(request: RemotePost) => (await json(await open('POST', request))) as T,
  };
}

function parseServer(text: string): URL {
  const url = URL.parse(text);
  if (url && (url.protocol === 'http:' || url.protocol === 'https:') && !url.username && !url.password) return url;
  throw new ExportError('USAGE', 'the server must be given as http(s)://HOST[:PORT]', {
    hint: 'check --server and EXPORT_CENTER_SERVER; the token does not belong into the URL',
  });
}

function urlOf(base: URL, { path, query }: RemoteRequest): URL {
  const url = new URL(base);
  url.pathname = [base.pathname.replace(/\/$/, ''), 'api', 'v1', ...path.map(encodeURIComponent)].join('/');
  url.search = '';
  url.hash = '';
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url;
}

function bodyHeaders(request: RemotePost): { readonly [name: string]: string } {
  if (request.json !== undefined) return { 'content-type': 'application/json' };
  return request.bytes === undefined ? {} : { 'content-type': 'application/octet-stream' };
}

async function readProblem(response: HttpResponse): Promise<unknown> {
  try {
    return JSON.parse((await response.bytes(1 << 20)).toString('utf8'));
  } catch {
    return undefined;
  }
}
