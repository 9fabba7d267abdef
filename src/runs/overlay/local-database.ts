// What a database on this machine is to one who only wants its bytes, such as to send them to a service.

import type { DatabaseFormat } from '../../evidence/database-pointer.ts';
import { databaseKind } from '../../profiles/database/kinds.ts';
import { localDatabaseSource, type DatabaseSource } from './database-source.ts';

/** The layer of an artifact in a layout folder, or the file itself. Throws NOT_FOUND, INPUT_INVALID. */
export function openLocalDatabase(path: string, format: DatabaseFormat): Promise<DatabaseSource> {
  return localDatabaseSource(path, databaseKind(format));
}
