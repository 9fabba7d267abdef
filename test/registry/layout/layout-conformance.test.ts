// A layout folder passes the suite of all repositories.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLayout } from '../../../src/registry/layout/layout-repository.ts';
import { repositoryConformance } from '../../conformance/repository.ts';

repositoryConformance('an OCI layout folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'export-center-layout-'));
  return {
    repository: await openLayout(folder, { create: true }),
    close: () => rm(folder, { recursive: true }),
  };
});
