// Failures of the file system as errors of the product. A full disk is told from a broken one: the first can be mended
// by whoever reads the message, and retried.

import { ExportError } from '../../core/errors.ts';

const fullCodes: readonly string[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** STORAGE_FULL or STORAGE_FAILED for an error of the file system; anything else is returned as it is. */
export function toStorageError(thrown: unknown, what: string): unknown {
  const code = systemCode(thrown);
  if (code === undefined) return thrown;
  if (fullCodes.includes(code)) {
    return new ExportError('STORAGE_FULL', `${what}: no space left (${code})`, {
      hint: 'free some space in the data folder; nothing was stored by halves',
      cause: thrown,
      retryable: true,
    });
  }
  return new ExportError('STORAGE_FAILED', `${what}: ${code}`, {
    hint: 'look at the disk and the permissions of the data folder',
    cause: thrown,
  });
}

/** Runs `work`; errors of the file system come out as storage errors that say what was being done. */
export async function onDisk<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw toStorageError(thrown, what);
  }
}

/** Runs `work`; undefined when a file or folder on the way is not there. */
export async function ifPresent<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw toStorageError(thrown, what);
  }
}

export function isMissing(thrown: unknown): boolean {
  const code = systemCode(thrown);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** The system's error code, undefined for errors that do not come from a system call. */
export function systemCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const { code, syscall } = thrown as NodeJS.ErrnoException;
  return typeof syscall === 'string' && typeof code === 'string' ? code : undefined;
}
