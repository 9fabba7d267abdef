// What a front gives of a registry, with a referrers API or without, passes the suite of all repositories. It takes nothing
// itself, so the suite's writes go to the upstream.

import { systemClock } from '../../../../src/core/clock.ts';
import type { Repository } from '../../../../src/oci/repository.ts';
import type { Credentials } from '../../../../src/registry/client/credentials.ts';
import { createHttp } from '../../../../src/registry/client/http.ts';
import { remoteRepository } from '../../../../src/registry/client/remote-repository.ts';
import { openFrontStorage } from '../../../../src/registry/storage/front/front-storage.ts';
import { repositoryConformance, type OpenedRepository } from '../../../conformance/repository.ts';
import { skipWithout } from '../../../judges.ts';
import { startDistribution } from '../../../support/distribution.ts';
import { temporaryFolder, type Scope } from '../../../support/temporary-folder.ts';
import { startRegistry } from '../../start-registry.ts';

type Upstream = { readonly host: string; readonly credentials?: Credentials };

/** No referrers API: the front reads the fallback tag. */
repositoryConformance('a front of CNCF distribution', () => openFront(startDistribution), {
  skip: skipWithout('registry'),
});

repositoryConformance('a front of a registry with a referrers API', () =>
  openFront(async (scope) => {
    const { host, token: password } = await startRegistry(scope);
    const credential = { kind: 'basic', username: 'operator', password } as const;
    return { host, credentials: { tokenFor: () => undefined, find: () => Promise.resolve({ credential }) } };
  }),
);

async function openFront(start: (scope: Scope) => Promise<Upstream>): Promise<OpenedRepository> {
  const cleanups: (() => void | Promise<void>)[] = [];
  const scope = { after: (cleanup: () => void | Promise<void>) => void cleanups.push(cleanup) };
  const { host, credentials } = await start(scope);
  const http = createHttp({ env: {}, retries: 1, retryDelayMs: 1 });
  const folder = await temporaryFolder(scope, 'front');
  const upstream = { registry: host, prefix: 'team' };
  const storage = await openFrontStorage({ upstream, folder, http, clock: systemClock });
  const front = storage.repository('default/conformance');
  const behind = remoteRepository({ registry: host, repository: 'team/default/conformance' }, { http, credentials });
  return {
    repository: readingAndWriting(front, behind),
    close: async () => {
      await http.close();
      for (const cleanup of cleanups) await cleanup();
    },
  };
}

function readingAndWriting(front: Repository, behind: Repository): Repository {
  return {
    name: front.name,
    resolve: (reference) => front.resolve(reference),
    manifest: (reference) => front.manifest(reference),
    statBlob: (digest) => front.statBlob(digest),
    openBlob: (descriptor, from) => front.openBlob(descriptor, from),
    referrers: (subject, artifactType) => front.referrers(subject, artifactType),
    tags: () => front.tags(),
    pushBlob: (descriptor, source) => behind.pushBlob(descriptor, source),
    pushManifest: (manifest, tags) => behind.pushManifest(manifest, tags),
    deleteTag: (tag) => behind.deleteTag(tag),
  };
}
