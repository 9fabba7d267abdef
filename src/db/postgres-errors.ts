// Errors of postgres.js and of the server (PostgreSQL manual, appendix A) as errors of the product.

import { ExportError } from '../core/errors.ts';

/** What went wrong with a statement: where the connection stood decides what may be tried again. */
export type PostgresFault = 'not-connected' | 'connection-lost' | 'try-again' | 'other';

/** The statement never reached a server that could run it. */
const notConnected = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'CONNECT_TIMEOUT',
  '57P03', // cannot_connect_now: the server starts or recovers
  '53300', // too_many_connections
]);

/** The connection broke; whether the statement was done is not known. */
const connectionLost = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
  'ERR_SOCKET_CLOSED',
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P05', // idle_session_timeout
  '25P03', // idle_in_transaction_session_timeout
]);

export function faultOf(error: unknown): PostgresFault {
  if (isLostSocket(error)) return 'connection-lost';
  const code = codeOf(error);
  if (notConnected.has(code)) return 'not-connected';
  if (connectionLost.has(code) || code.startsWith('08')) return 'connection-lost';
  // serialization_failure, deadlock_detected: rolled back, to be run again.
  if (code === '40001' || code === '40P01') return 'try-again';
  return 'other';
}

/**
 * postgres.js 3.4 goes on with a socket that is gone when a connection ends under it: a TypeError out of its own
 * `connection.js` (porsager/postgres#1208).
 */
export function isLostSocket(error: unknown): error is TypeError {
  if (!(error instanceof TypeError)) return false;
  const origin = error.stack?.match(/^ +at .*$/m)?.[0] ?? '';
  return /[\\/]postgres[\\/](?:cjs[\\/])?src[\\/]connection\.js/.test(origin);
}

function codeOf(error: unknown): string {
  // Several addresses of one name fail as one error that holds them all.
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

export function postgresError(error: unknown): ExportError {
  if (error instanceof ExportError) return error;
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  if (code === '23505') return new ExportError('CONFLICT', `the row exists already: ${message}`, { cause: error });
  if (code === '53100') return new ExportError('STORAGE_FULL', 'no space left for the database', { cause: error });
  if (faultOf(error) !== 'other' || code === 'CONNECTION_ENDED') {
    return new ExportError('DATABASE_UNAVAILABLE', `the database is not available (${code})`, {
      hint: 'check that PostgreSQL runs and that DATABASE_URL names it',
      retryable: true,
      cause: error,
    });
  }
  if (code.startsWith('28') || code === '3D000') {
    return new ExportError('DATABASE_UNAVAILABLE', `the database refuses the connection (${code})`, {
      hint: 'check user, password and database of DATABASE_URL',
      cause: error,
    });
  }
  return new ExportError('INTERNAL', `database: ${message}`, { cause: error });
}
