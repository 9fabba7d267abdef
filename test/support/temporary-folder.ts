// A folder of its own for each test, removed when the test ends, whatever the outcome.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd, type Scope } from './scope.ts';

export type { Scope } from './scope.ts';

/** Makes an empty folder below the system's temporary folder and removes it with everything in it after `scope`. */
export async function temporaryFolder(scope: Scope, label = 'test'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `export-center-${label}-`));
  atEnd(scope, () => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  return folder;
}
