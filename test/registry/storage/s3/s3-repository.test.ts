// Storage in a bucket of a real S3 server passes the suite of all repositories.

import { systemClock } from '../../../../src/core/clock.ts';
import { createHttp } from '../../../../src/registry/client/http.ts';
import { openS3Storage } from '../../../../src/registry/storage/s3/s3-storage.ts';
import { repositoryConformance } from '../../../conformance/repository.ts';
import { skipWithout } from '../../../judges.ts';
import { startS3Server } from '../../../support/s3-server.ts';

repositoryConformance(
  'a repository of the storage in a bucket',
  async () => {
    const cleanups: (() => void | Promise<void>)[] = [];
    const { location } = await startS3Server({ after: (cleanup) => void cleanups.push(cleanup) });
    const http = createHttp({ env: {} });
    const storage = await openS3Storage({ location, http, clock: systemClock });
    return {
      repository: storage.repository('default/conformance'),
      close: async () => {
        await http.close();
        for (const cleanup of cleanups) await cleanup();
      },
    };
  },
  { skip: skipWithout('versitygw') },
);
