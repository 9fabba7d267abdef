// SQLite's result codes (sqlite.org/rescode.html) as errors of the product.

import { ExportError } from '../core/errors.ts';
import type { SqliteFailure } from './sqlite-protocol.ts';

/** SQLITE_IOERR_SHMSIZE: the index of the write-ahead log cannot grow, which is how a full disk looks first. */
const shmSizeCode = 4874;
const uniqueCodes = new Set([2067, 1555]); // SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_PRIMARYKEY

export function sqliteError(failure: SqliteFailure, file: string): ExportError {
  const { message, resultCode } = failure;
  if (uniqueCodes.has(resultCode)) return new ExportError('CONFLICT', `the row exists already: ${message}`);
  if (resultCode === shmSizeCode) return full(file);
  switch (resultCode & 0xff) {
    case 5: // SQLITE_BUSY
    case 6: // SQLITE_LOCKED
      return new ExportError('DATABASE_UNAVAILABLE', `another process holds the database ${file}`, {
        hint: 'wait until it has finished, then try again',
        retryable: true,
      });
    case 13: // SQLITE_FULL
      return full(file);
    case 8: // SQLITE_READONLY
    case 14: // SQLITE_CANTOPEN
    case 23: // SQLITE_AUTH
      return new ExportError('STORAGE_FAILED', `the database ${file} cannot be opened for writing: ${message}`, {
        hint: 'check that the folder exists and belongs to this user',
      });
    case 10: // SQLITE_IOERR
      return new ExportError('STORAGE_FAILED', `reading or writing the database ${file} failed: ${message}`);
    case 11: // SQLITE_CORRUPT
    case 26: // SQLITE_NOTADB
      return new ExportError('STORAGE_FAILED', `the database ${file} is damaged: ${message}`, {
        hint: 'restore it from a backup',
      });
    default:
      return new ExportError('INTERNAL', `database: ${message}`);
  }
}

function full(file: string): ExportError {
  return new ExportError('STORAGE_FULL', `no space left for the database ${file}`, { hint: 'free some disk space' });
}
