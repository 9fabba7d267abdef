// What goes wrong below HTTP, as errors that a person can act on. Queries and user names of URLs never appear: they
// may hold signatures and passwords.

import { ExportError } from '../../core/errors.ts';

const retryable = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_PRX_CONN',
]);

const untrusted = /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_|ERR_TLS_CERT)/;

/** Origin and path of a URL, for messages. */
export function placeOf(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/**
 * Translates what undici or a socket threw for `url`; an ExportError stays what it is. Only an aborted `signal` means
 * that somebody cancelled: undici calls a refusing proxy an abort as well.
 */
export function networkError(thrown: unknown, url: URL, signal?: AbortSignal): ExportError {
  if (thrown instanceof ExportError) return thrown;
  if (signal?.aborted) return cancelled(thrown);
  const error = rootOf(thrown);
  const code = codeOf(error);
  const message = `${url.host} cannot be reached: ${describeFailure(error, code)}`;
  const hint = hintFor(code, error.message, url);
  return new ExportError('UNREACHABLE', message, {
    cause: thrown,
    retryable: retryable.has(code) || code.startsWith('HPE_'),
    ...(hint === undefined ? {} : { hint }),
  });
}

export function cancelled(cause?: unknown): ExportError {
  return new ExportError('CANCELLED', 'cancelled', cause === undefined ? {} : { cause });
}

/** Happy-eyeballs failures arrive as an AggregateError, others wrapped as a cause. */
function rootOf(thrown: unknown): Error {
  if (thrown instanceof AggregateError && thrown.errors[0] instanceof Error) return thrown.errors[0];
  if (thrown instanceof Error) {
    const cause = thrown.cause;
    if (codeOf(thrown) === 'UND_ERR_PRX_CONN' || !(cause instanceof Error) || codeOf(cause) === '') return thrown;
    return cause;
  }
  return new Error(String(thrown));
}

function codeOf(error: Error): string {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : '';
}

function describeFailure(error: Error, code: string): string {
  const known: { readonly [code: string]: string } = {
    ECONNREFUSED: 'connection refused',
    ECONNRESET: 'connection reset',
    ENOTFOUND: 'unknown host',
    EAI_AGAIN: 'name lookup failed',
    UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
    UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
    UND_ERR_BODY_TIMEOUT: 'the answer stalled',
    UND_ERR_SOCKET: 'the connection broke',
  };
  return known[code] ?? (error.message.split('\n')[0] ?? '').slice(0, 200);
}

function hintFor(code: string, message: string, url: URL): string | undefined {
  if (untrusted.test(code)) return 'trust the certificate authority of this host with --ca-file';
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    return 'this host speaks plain HTTP; only names of this machine are used without TLS unless asked for';
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `check the name ${url.hostname}, HTTPS_PROXY and NO_PROXY`;
  if (message.includes('407') || message.includes('HTTP Tunneling')) return 'the proxy refuses: check HTTPS_PROXY';
  return code === 'ECONNREFUSED' ? `is a server listening on ${url.host}?` : undefined;
}
