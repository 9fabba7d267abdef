// The one error type of the product. HTTP answers and the command line are two renderings of it.

/** Every code, with the exit code of the command line and the status of the HTTP API that it renders to. */
const codes = {
  USAGE: { exit: 2, status: 400 },
  INPUT_INVALID: { exit: 1, status: 422 },
  INPUT_TOO_LARGE: { exit: 1, status: 413 },
  NOT_FOUND: { exit: 5, status: 404 },
  UNAUTHORIZED: { exit: 6, status: 401 },
  DENIED: { exit: 6, status: 403 },
  CONFLICT: { exit: 1, status: 409 },
  TOO_MANY_REQUESTS: { exit: 1, status: 429 },
  CANCELLED: { exit: 1, status: 409 },
  UNREACHABLE: { exit: 4, status: 502 },
  OFFLINE: { exit: 7, status: 503 },
  VERIFICATION_FAILED: { exit: 3, status: 422 },
  DIGEST_MISMATCH: { exit: 3, status: 422 },
  REGISTRY_REFUSED: { exit: 1, status: 502 },
  STORAGE_FULL: { exit: 1, status: 507 },
  STORAGE_FAILED: { exit: 1, status: 500 },
  DATABASE_UNAVAILABLE: { exit: 4, status: 503 },
  ERR_EXPORT_BASE_MISSING: { exit: 1, status: 409 },
  ERR_EXPORT_SHRUNK: { exit: 1, status: 409 },
  ERR_EXPORT_STALE: { exit: 1, status: 409 },
  INTERNAL: { exit: 1, status: 500 },
} as const satisfies Record<string, { exit: number; status: number }>;

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
