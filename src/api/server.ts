// One origin for everything that is served: the registry below /v2 and /token, on Node's own requests, the rest to the API
// through web requests. Listens with or without TLS, counts and logs requests, ends in order: no new connections, requests in flight finish, then the end.

import { createServer as createHttpServer } from 'node:http';
import type {
  IncomingMessage,
  RequestListener,
  Server,
  ServerOptions as HttpServerOptions,
  ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { RateLimiter } from '../access/rate-limit.ts';
import { ExportError } from '../core/errors.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { RegistryApp } from '../registry/server/app.ts';
import { serverTimeouts } from '../registry/server/server-timeouts.ts';
import { problemMediaType, problemResponse, toProblem } from './problem.ts';
import { requestTenant } from './request-tenant.ts';
import { SenderWatch, slowestSender, type SenderPace } from './slow-senders.ts';

/** The part of a Hono app that is needed here. */
export type Served = { fetch(request: Request, env: object): Response | Promise<Response> };

export type ListenAddress = { readonly host: string; readonly port: number };

/** PEM texts of a certificate chain and its key. */
export type TlsPair = { readonly cert: string; readonly key: string };

export type ServerOptions = {
  readonly listen: ListenAddress;
  /** With it the server speaks TLS only. */
  readonly tls?: TlsPair;
  /** How much each tenant may ask; no limit by default. */
  readonly limiter?: RateLimiter;
  /** Others than the product's, for tests. */
  readonly timeouts?: Pick<HttpServerOptions, keyof typeof serverTimeouts> & { readonly pace?: SenderPace };
  /** Answers /v2 and /token; everything else goes to `api`. */
  readonly registry: RegistryApp;
  readonly api: Served;
  readonly log: Log;
  readonly metrics: Metrics;
};

export type RunningServer = {
  /** Scheme, host as it was given, and the real port. */
  readonly url: string;
  readonly port: number;
  /** New connections get this certificate. Throws USAGE, and keeps the old one, when it cannot be used. */
  renewTls(pair: TlsPair): void;
  /** Stops listening, waits for requests in flight up to `graceMs`, cuts what is left. */
  stop(graceMs: number): Promise<void>;
};

/** Longest silence of any connection; the registry sets its own, shorter one. Work that answers late is quicker. */
const silenceMs = 900_000;
const maxConnections = 2_000;

/** Resolves once requests are answered. Throws USAGE or CONFLICT when the address cannot be used. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const dispatch = dispatcher(options);
  const { pace = slowestSender, ...timeouts } = options.timeouts ?? {};
  const senders = new SenderWatch(pace);
  const server = createServer(options.tls, { ...serverTimeouts, ...timeouts }, (req, res) => {
    senders.add(req);
    dispatch(req, res);
  });
  server.timeout = silenceMs;
  server.maxConnections = maxConnections;
  await listen(server, options.listen);
  const { port } = server.address() as AddressInfo;
  const host = options.listen.host.includes(':') ? `[${options.listen.host}]` : options.listen.host;
  return {
    url: `${options.tls ? 'https' : 'http'}://${host}:${port}`,
    port,
    renewTls: (pair) => renewTls(server, pair),
    stop: (graceMs) => {
      senders.stop();
      return stopServer(server, graceMs);
    },
  };
}

function createServer(tls: TlsPair | undefined, timeouts: HttpServerOptions, listener: RequestListener): Server {
  if (tls === undefined) return createHttpServer(timeouts, listener);
  try {
    return createHttpsServer({ ...timeouts, ...tls }, listener);
  } catch (cause) {
    throw unusable(cause);
  }
}

function renewTls(server: Server, { cert, key }: TlsPair): void {
  if (!('setSecureContext' in server)) throw new ExportError('USAGE', 'this server does not speak TLS');
  try {
    (server as TlsServer).setSecureContext({ cert, key });
  } catch (cause) {
    throw unusable(cause);
  }
}

function unusable(cause: unknown): ExportError {
  return new ExportError('USAGE', 'the TLS certificate and key cannot be used', {
    hint: 'give PEM files that belong together with --tls-cert and --tls-key',
    cause,
  });
}

/** `HOST:PORT`, `[IPV6]:PORT` or `:PORT`; throws USAGE for anything else. Port 0 lets the system choose. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[(?<six>[0-9a-fA-F:.]+)\]|(?<host>[^:\s[\]]*)):(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.['port']);
  if (!match || port > 65_535) {
    throw new ExportError('USAGE', `not an address to listen on: ${text}`, { hint: 'write HOST:PORT, or HOST:0' });
  }
  const host = match.groups?.['six'] ?? match.groups?.['host'] ?? '';
  return { host: host === '' ? '0.0.0.0' : host, port };
}

function dispatcher(options: ServerOptions): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  const { registry, limiter, log, metrics } = options;
  const requests = metrics.counter('export_center_http_requests_total', 'answered requests by area and status');
  const api = getRequestListener(apiFetch(options), { overrideGlobalObjects: false });
  return (incoming, outgoing) => {
    const { method = '', url = '/' } = incoming;
    const path = url.split('?', 1)[0] ?? '/';
    const isRegistry = path === '/token' || path === '/v2' || path.startsWith('/v2/');
    outgoing.once('finish', () => {
      const status = outgoing.statusCode;
      requests.add({ area: isRegistry ? 'registry' : 'api', method, status: String(status) });
      if (!isRegistry) log[status >= 500 ? 'warn' : 'debug']('request', { method, path, status });
    });
    const tenant = limiter && requestTenant(url);
    const waitSeconds = tenant === undefined ? 0 : (limiter?.take(tenant) ?? 0);
    if (waitSeconds > 0) refuseMany(outgoing, isRegistry, waitSeconds);
    else if (isRegistry) void registry.handle(incoming, outgoing);
    else void api(incoming, outgoing);
  };
}

function apiFetch({ api, log }: ServerOptions): (request: Request, env: object) => Promise<Response> {
  return async (request, env) => {
    try {
      return await api.fetch(request, env);
    } catch (error) {
      log.error('a request failed', { method: request.method, path: new URL(request.url).pathname, error });
      return problemResponse(new ExportError('INTERNAL', 'the request failed', { cause: error }));
    }
  };
}

/** 429 in the shape of the area; clients of registries and ours wait as long as it says. */
function refuseMany(outgoing: ServerResponse, isRegistry: boolean, waitSeconds: number): void {
  const message = 'this tenant has asked for too much in a short time';
  const error = new ExportError('TOO_MANY_REQUESTS', message, { retryable: true });
  const body = isRegistry ? { errors: [{ code: 'TOOMANYREQUESTS', message }] } : toProblem(error);
  const type = isRegistry ? 'application/json' : problemMediaType;
  outgoing.writeHead(429, { 'Content-Type': type, 'Cache-Control': 'no-store', 'Retry-After': waitSeconds });
  outgoing.end(JSON.stringify(body));
}

function listen(server: Server, { host, port }: ListenAddress): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (cause: NodeJS.ErrnoException) => {
    const taken = cause.code === 'EADDRINUSE';
    const why = taken ? 'another program listens there' : (cause.code ?? cause.message);
    const hint = 'choose another address with --listen HOST:PORT';
    reject(new ExportError(taken ? 'CONFLICT' : 'USAGE', `cannot listen on ${host}:${port}: ${why}`, { hint, cause }));
  });
  server.listen({ host, port }, resolve);
  return promise;
}

async function stopServer(server: Server, graceMs: number): Promise<void> {
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  // A connection whose request has just ended becomes idle after close() looked for idle ones.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const late = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed.promise;
  clearInterval(sweep);
  clearTimeout(late);
}
