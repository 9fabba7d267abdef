// The client passes the suite of all repositories: against CNCF distribution (no referrers API: the tag schema), plain
// and behind Basic, and against our own registry (referrers API, token service).

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Credentials } from '../../../src/registry/client/credentials.ts';
import { createHttp } from '../../../src/registry/client/http.ts';
import { remoteRepository } from '../../../src/registry/client/remote-repository.ts';
import { repositoryConformance, type OpenedRepository } from '../../conformance/repository.ts';
import { skipWithout } from '../../judges.ts';
import { startDistribution } from '../../support/distribution.ts';
import { temporaryFolder, type Scope } from '../../support/temporary-folder.ts';
import { startRegistry } from '../start-registry.ts';

/** A scope that is ended by hand, for a suite that opens and closes. */
function manualScope(): { scope: Scope; end: () => Promise<void> } {
  const cleanups: (() => void | Promise<void>)[] = [];
  return {
    scope: { after: (cleanup) => void cleanups.push(cleanup) },
    end: async () => {
      for (const cleanup of cleanups) await cleanup();
    },
  };
}

function open(host: string, credentials: Credentials | undefined, end: () => Promise<void>): OpenedRepository {
  const http = createHttp({ env: {}, retries: 1, retryDelayMs: 1 });
  return {
    repository: remoteRepository({ registry: host, repository: 'default/conformance' }, { http, credentials }),
    close: async () => {
      await http.close();
      await end();
    },
  };
}

function basic(username: string, password: string): Credentials {
  const credential = { kind: 'basic', username, password } as const;
  return { tokenFor: () => undefined, find: () => Promise.resolve({ credential }) };
}

const skip = skipWithout('registry');

repositoryConformance(
  'a repository of CNCF distribution',
  async () => {
    const { scope, end } = manualScope();
    return open((await startDistribution(scope)).host, undefined, end);
  },
  { skip },
);

repositoryConformance(
  'a repository of CNCF distribution behind Basic',
  async () => {
    const { scope, end } = manualScope();
    const file = join(await temporaryFolder(scope, 'htpasswd'), 'htpasswd');
    // bcrypt of "correct horse", by the C library's crypt(3).
    await writeFile(file, 'user:$2b$05$Q.EJPsL9pOPv5l6F1SlsP.4VDMSiyLeezxppIFoCToj//KyPXI2UG\n');
    const section = `auth:\n  htpasswd: {realm: here, path: ${JSON.stringify(file)}}`;
    const { host } = await startDistribution(scope, { http: section });
    return open(host, basic('user', 'correct horse'), end);
  },
  { skip },
);

repositoryConformance('a repository of our own registry, by its token service', async () => {
  const { scope, end } = manualScope();
  const { host, token } = await startRegistry(scope);
  return open(host, basic('operator', token), end);
});

repositoryConformance("a repository of our own registry, with the operator's token", async () => {
  const { scope, end } = manualScope();
  const { host, token, url } = await startRegistry(scope);
  const tokenFor = (origin: string): string | undefined => (origin === url ? token : undefined);
  return open(host, { tokenFor, find: () => Promise.resolve({}) }, end);
});
