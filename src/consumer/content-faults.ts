// Which errors are about content (wrong, missing, refused) and not about reaching it: after those another way to the
// same content may be tried; after the others there is none.

import { ExportError, toExportError, type ErrorCode } from '../core/errors.ts';

const codes: readonly ErrorCode[] = [
  'VERIFICATION_FAILED',
  'DIGEST_MISMATCH',
  'INPUT_INVALID',
  'INPUT_TOO_LARGE',
  'NOT_FOUND',
];

export function isContentFault(thrown: unknown): boolean {
  return thrown instanceof ExportError && codes.includes(thrown.code);
}

/** Runs `work`; undefined after a content fault. Everything else is thrown on. */
export async function unlessFaulty<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (thrown) {
    if (isContentFault(thrown)) return undefined;
    throw toExportError(thrown);
  }
}
