// The refusal of a bolt file that is not what the format says.

import { ExportError } from '../core/errors.ts';

/** VERIFICATION_FAILED with what is wrong, for example "page 7 names itself page 8". */
export function damaged(what: string, cause?: unknown): ExportError {
  return new ExportError('VERIFICATION_FAILED', `bolt file refused: ${what}`, {
    hint: 'the file is damaged or cut short; fetch it again',
    ...(cause === undefined ? {} : { cause }),
  });
}
