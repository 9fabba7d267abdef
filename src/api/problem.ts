// Errors on the wire of /api: problem+json (RFC 9457) with our closed code and hint, so that the client can give back
// the very ExportError that was thrown behind the server.

import { ExportError, httpStatusOf, isErrorCode, toExportError } from '../core/errors.ts';

export const problemMediaType = 'application/problem+json';

export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly hint?: string;
  readonly retryable?: boolean;
};

export function toProblem(error: ExportError): Problem {
  return {
    type: `urn:export-center:error:${error.code.toLowerCase().replaceAll('_', '-')}`,
    title: error.code.toLowerCase().replaceAll('_', ' '),
    status: httpStatusOf(error),
    detail: error.message,
    code: error.code,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.retryable ? { retryable: true } : {}),
  };
}

/** The answer for anything that was thrown; 401 carries the challenges for both ways to send the operator token. */
export function problemResponse(thrown: unknown): Response {
  const problem = toProblem(toExportError(thrown));
  const headers = new Headers({ 'content-type': problemMediaType, 'cache-control': 'no-store' });
  if (problem.status === 401) headers.append('www-authenticate', 'Basic realm="export-center", charset="UTF-8"');
  if (problem.status === 401) headers.append('www-authenticate', 'Bearer realm="export-center"');
  return new Response(JSON.stringify(problem), { status: problem.status, headers });
}

/** The error that a problem document came from. `place` names the server, for answers that are not ours. */
export function fromProblem(value: unknown, status: number, place: string): ExportError {
  const problem = (typeof value === 'object' && value !== null ? value : {}) as Partial<Problem>;
  if (typeof problem.code === 'string' && isErrorCode(problem.code) && typeof problem.detail === 'string') {
    return new ExportError(problem.code, problem.detail, {
      ...(typeof problem.hint === 'string' ? { hint: problem.hint } : {}),
      ...(problem.retryable === true ? { retryable: true } : {}),
    });
  }
  return strangeAnswer(status, place);
}

function strangeAnswer(status: number, place: string): ExportError {
  if (status === 401 || status === 403) {
    return new ExportError(status === 401 ? 'UNAUTHORIZED' : 'DENIED', `${place} refused the request (${status})`, {
      hint: 'log in with export-center login, or set EXPORT_CENTER_TOKEN',
    });
  }
  return new ExportError('UNREACHABLE', `${place} does not answer as export-center does (status ${status})`, {
    hint: 'check --server: it is the address that `export-center ready` printed',
    retryable: status >= 500,
  });
}
