// The one error type of the product. HTTP answers and the command line are two renderings of it.

/** Every code, with its exit code, its status over HTTP, and what to do about it where nothing better is known. */
const codes = {
  USAGE: { exit: 2, status: 400, hint: 'see export-center --help' },
  INPUT_INVALID: { exit: 1, status: 422, hint: 'correct what the message names and try again' },
  INPUT_TOO_LARGE: { exit: 1, status: 413, hint: 'split it, or leave out what is too large' },
  NOT_FOUND: { exit: 5, status: 404, hint: 'check the name and the place' },
  UNAUTHORIZED: { exit: 6, status: 401, hint: 'log in with export-center login, or set EXPORT_CENTER_TOKEN' },
  DENIED: { exit: 6, status: 403, hint: 'use a token that may do this, or look at the permissions' },
  CONFLICT: { exit: 1, status: 409, hint: 'look at what is there already and try again' },
  TOO_MANY_REQUESTS: { exit: 1, status: 429, hint: 'wait a little and try again' },
  CANCELLED: { exit: 1, status: 409, hint: 'nothing half done is visible: start it again when you like' },
  UNREACHABLE: { exit: 4, status: 502, hint: 'check the network and try again' },
  OFFLINE: { exit: 7, status: 503, hint: 'leave out --offline, or work on local files' },
  VERIFICATION_FAILED: {
    exit: 3,
    status: 422,
    hint: 'do not use it: fetch it again, and tell the publisher if it stays so',
  },
  DIGEST_MISMATCH: {
    exit: 3,
    status: 422,
    hint: 'do not use it: fetch it again, and tell the publisher if it stays so',
  },
  REGISTRY_REFUSED: { exit: 1, status: 502, hint: 'export-center registry check tells what the registry takes' },
  STORAGE_FULL: { exit: 1, status: 507, hint: 'make room on the disk and try again' },
  STORAGE_FAILED: { exit: 1, status: 500, hint: 'look at the disk and at the permissions of the folder' },
  DATABASE_UNAVAILABLE: { exit: 4, status: 503, hint: 'look whether the database answers, and at DATABASE_URL' },
  ERR_EXPORT_BASE_MISSING: {
    exit: 1,
    status: 409,
    hint: 'start a new chain with export-center run mirror:full --base none',
  },
  ERR_EXPORT_SHRUNK: {
    exit: 1,
    status: 409,
    hint: 'check the source; if the loss is right, run again with --accept-shrink',
  },
  ERR_EXPORT_STALE: { exit: 1, status: 409, hint: 'ingest newer evidence and run again' },
  INTERNAL: { exit: 1, status: 500, hint: 'set EXPORT_CENTER_DEBUG=1 to see where it happened' },
} as const satisfies Record<string, { exit: number; status: number; hint: string }>;

export type ErrorCode = keyof typeof codes;

export type ErrorOptions = {
  /** What a person can do about it, as one sentence without a full stop. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** Whether the same call may succeed later without any change. */
  readonly retryable?: boolean;
};

/** An error that a user may see: closed code, message in lower case without a full stop, hint. Never holds a secret. */
export class ExportError extends Error {
  override readonly name = 'ExportError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.retryable = options.retryable ?? false;
  }
}

/** Wraps anything that was thrown; an ExportError stays what it is. */
export function toExportError(thrown: unknown): ExportError {
  if (thrown instanceof ExportError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ExportError('INTERNAL', message, { cause: thrown });
}

/** True when `code` is one of ours, for errors that arrive as JSON. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(codes, code);
}

export function exitCodeOf(error: ExportError): number {
  return codes[error.code].exit;
}

export function httpStatusOf(error: ExportError): number {
  return codes[error.code].status;
}

/** The error's own hint, or the one for its code: whoever sees an error is told what to do. */
export function hintOf(error: ExportError): string {
  return error.hint ?? codes[error.code].hint;
}
