// The undici connections behind one HTTP client: direct, or through the proxy of the environment, with the extra
// certificate authorities in both cases. undici 8's own request is used throughout; Node's built-in fetch refuses
// these dispatchers.

import { getCACertificates } from 'node:tls';
import { Agent, ProxyAgent, type Dispatcher } from 'undici';
import { ExportError } from '../../core/errors.ts';
import { proxyFor, type Environment } from './proxy-environment.ts';

export type ConnectionOptions = {
  /** PEM text of certificate authorities that are trusted besides Node's own. */
  readonly ca?: string | undefined;
  readonly env: Environment;
  /** Told the size of every piece of a body as it arrives, whether anybody reads it or not. */
  readonly onBytes: (count: number) => void;
  readonly connectTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
};

/** Chooses the connection for a URL. */
export interface Connections {
  dispatcherFor(url: URL): Dispatcher;
  close(): Promise<void>;
}

/** Connections per origin; enough to hide latency, few enough for a registry's own limits. */
const connectionsPerOrigin = 16;

export function openConnections(options: ConnectionOptions): Connections {
  const tls = options.ca === undefined ? {} : { ca: [...getCACertificates('default'), readPem(options.ca)] };
  const shared = {
    connections: connectionsPerOrigin,
    headersTimeout: options.headersTimeoutMs,
    bodyTimeout: options.bodyTimeoutMs,
    allowH2: false,
  };
  const direct = new Agent({ ...shared, connect: { ...tls, timeout: options.connectTimeoutMs } });
  const proxies = new Map<string, Dispatcher>();
  const proxied = (uri: string): Dispatcher => {
    const known = proxies.get(uri);
    if (known) return known;
    const made = openProxy(uri, {
      ...shared,
      connectTimeout: options.connectTimeoutMs,
      requestTls: tls,
      proxyTls: tls,
    });
    proxies.set(uri, made);
    return made;
  };
  const counting = countBytes(options.onBytes);
  return {
    dispatcherFor(url) {
      const proxy = proxyFor(url, options.env);
      return (proxy === undefined ? direct : proxied(proxy)).compose(counting);
    },
    async close() {
      // Nobody waits for answers any more when a client is closed; a graceful close could hang on a stalled body.
      await Promise.all([direct, ...proxies.values()].map((dispatcher) => dispatcher.destroy()));
    },
  };
}

/**
 * Counts where the bytes come off the wire: a body's own stream throws away what it holds when its connection breaks.
 */
function countBytes(onBytes: (count: number) => void): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (request, handler) =>
    dispatch(request, {
      onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
      onResponseStart: (...head) => handler.onResponseStart?.(...head),
      onResponseData: (controller, chunk) => {
        onBytes(chunk.length);
        handler.onResponseData?.(controller, chunk);
      },
      onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
      onResponseError: (controller, error) => handler.onResponseError?.(controller, error),
    });
}

function openProxy(uri: string, options: Omit<ProxyAgent.Options, 'uri'>): Dispatcher {
  try {
    return new ProxyAgent({ ...options, uri });
  } catch (cause) {
    // The URI may hold a password, so it is not repeated.
    throw new ExportError('USAGE', 'the proxy setting is not a URL', {
      hint: 'check HTTPS_PROXY and HTTP_PROXY: http://HOST:PORT',
      cause,
    });
  }
}

function readPem(text: string): string {
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new ExportError('USAGE', 'the file of certificate authorities holds no PEM certificate', {
    hint: 'give --ca-file a file with -----BEGIN CERTIFICATE----- blocks',
  });
}
