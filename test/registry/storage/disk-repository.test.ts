// Disk storage passes the suite of all repositories.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/core/clock.ts';
import { openDiskStorage } from '../../../src/registry/storage/disk-storage.ts';
import { repositoryConformance } from '../../conformance/repository.ts';

repositoryConformance('a repository of the disk storage', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'export-center-disk-'));
  const storage = await openDiskStorage(folder, { clock: systemClock });
  return {
    repository: storage.repository('default/conformance'),
    close: () => rm(folder, { recursive: true }),
  };
});
