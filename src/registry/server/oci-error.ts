// Refusals in the shape of distribution-spec §error codes: {"errors":[{"code","message","detail"}]}.

import type { OutgoingHttpHeaders } from 'node:http';
import { httpStatusOf, toExportError, type ExportError } from '../../core/errors.ts';
import { formatScope, type Scope } from '../../access/scope.ts';
import { reply, type Exchange } from './exchange.ts';

export type OciErrorCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'SIZE_INVALID'
  | 'UNAUTHORIZED'
  | 'DENIED'
  | 'UNSUPPORTED'
  /** Not of the specification, whose codes are about the client's faults: for answers from 500 on. */
  | 'UNKNOWN';

export type Refusal = {
  readonly message: string;
  readonly detail?: unknown;
  readonly headers?: OutgoingHttpHeaders;
};

export function refuse(
  x: Pick<Exchange, 'outgoing'>,
  status: number,
  code: OciErrorCode,
  { message, detail, headers = {} }: Refusal,
): void {
  const error = { code, message, ...(detail === undefined ? {} : { detail }) };
  reply(x, status, { 'Content-Type': 'application/json', ...headers }, JSON.stringify({ errors: [error] }));
}

/** 401 with the challenge that tells the client how to come back (distribution token protocol). */
export function refuseUnauthorized(
  x: Pick<Exchange, 'outgoing' | 'incoming' | 'context'>,
  message: string,
  scopes: readonly Scope[] = [],
): void {
  const { challenge, originOf } = x.context;
  const scope = scopes.length === 0 ? '' : `,scope="${scopes.map(formatScope).join(' ')}"`;
  const bearer = `Bearer realm="${originOf(x.incoming)}/token",service="export-center"${scope}`;
  const value = challenge === 'basic' ? basicChallenge : bearer;
  refuse(x, 401, 'UNAUTHORIZED', { message, headers: { 'WWW-Authenticate': value } });
}

export const basicChallenge = 'Basic realm="export-center", charset="UTF-8"';

/** What an error of the storage means where it happened: for something missing, and for something unacceptable. */
export type ErrorMeaning = { readonly missing: OciErrorCode; readonly invalid: OciErrorCode };

/** Answers with what was thrown; returns it when it is our fault, for the log. */
export function refuseThrown(x: Exchange, thrown: unknown, meaning: ErrorMeaning): ExportError | undefined {
  const error = toExportError(thrown);
  const message = error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
  switch (error.code) {
    case 'DIGEST_MISMATCH':
      refuse(x, 400, 'DIGEST_INVALID', { message });
      return undefined;
    case 'INPUT_INVALID':
      refuse(x, 400, meaning.invalid, { message });
      return undefined;
    case 'INPUT_TOO_LARGE':
      refuse(x, 413, 'SIZE_INVALID', { message });
      return undefined;
    case 'NOT_FOUND':
      refuse(x, 404, meaning.missing, { message });
      return undefined;
    case 'CONFLICT':
      refuse(x, 409, 'BLOB_UPLOAD_INVALID', { message });
      return undefined;
    case 'UNAUTHORIZED':
      refuseUnauthorized(x, message);
      return undefined;
    default:
      refuseFault(x, error);
      return error;
  }
}

/** What failed behind us, without telling clients where that is. */
const behindUs: { readonly [code: string]: string } = {
  UNREACHABLE: 'what this registry stands on cannot be reached',
  REGISTRY_REFUSED: 'the registry behind this one refuses, or gives damaged content',
  OFFLINE: 'what this registry stands on lies in the network, which is not to be used',
};

/** A fault on our side: what the operator should know is in the log, the client learns the kind only. */
function refuseFault(x: Exchange, error: ExportError): void {
  const status = Math.max(httpStatusOf(error), 500);
  const message = error.code.startsWith('STORAGE_') ? error.message : (behindUs[error.code] ?? 'internal error');
  refuse(x, status, 'UNKNOWN', { message });
}
