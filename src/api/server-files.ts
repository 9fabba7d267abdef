// Places that the server itself reads from: web addresses and registries for whoever may ingest, its own files for its
// operator alone.

import { isAbsolute } from 'node:path';
import { hasRole, type Principal } from '../access/roles.ts';
import { ExportError } from '../core/errors.ts';

/**
 * Throws DENIED or INPUT_INVALID unless the server may read `from` for `principal`; `member` names it in the message. A
 * relative path would be read from wherever the service was started; files of the service are no tenant's.
 */
export function checkOrigin(from: string, principal: Principal, member: string): void {
  const hint = 'to send a file of your own, use /api/v1/ingest/upload';
  if (isAbsolute(from) && !hasRole(principal, '*', 'operator')) {
    const message = 'not allowed: reading files of the server needs role operator in the whole installation';
    throw new ExportError('DENIED', message, { hint });
  }
  if (isAbsolute(from) || /^(?:https?:\/\/|oci:)/i.test(from)) return;
  const message = `${member}: must be an absolute path, an http(s) URL or an oci: reference`;
  throw new ExportError('INPUT_INVALID', message, { hint });
}
