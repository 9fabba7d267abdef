// What a front gives of a registry, CNCF distribution here, passes the suite of all repositories. It takes nothing itself,
// so the suite's writes go to the upstream.

import { systemClock } from '../../../../src/core/clock.ts';
import type { Repository } from '../../../../src/oci/repository.ts';
import { createHttp } from '../../../../src/registry/client/http.ts';
import { remoteRepository } from '../../../../src/registry/client/remote-repository.ts';
import { openFrontStorage } from '../../../../src/registry/storage/front/front-storage.ts';
import { repositoryConformance } from '../../../conformance/repository.ts';
import { skipWithout } from '../../../judges.ts';
import { startDistribution } from '../../../support/distribution.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

repositoryConformance(
  'a front of CNCF distribution',
  async () => {
    const cleanups: (() => void | Promise<void>)[] = [];
    const scope = { after: (cleanup: () => void | Promise<void>) => void cleanups.push(cleanup) };
    const { host } = await startDistribution(scope);
    const http = createHttp({ env: {}, retries: 1, retryDelayMs: 1 });
    const folder = await temporaryFolder(scope, 'front');
    const upstream = { registry: host, prefix: 'team' };
    const storage = await openFrontStorage({ upstream, folder, http, clock: systemClock });
    const front = storage.repository('default/conformance');
    const behind = remoteRepository({ registry: host, repository: 'team/default/conformance' }, { http });
    return {
      repository: readingAndWriting(front, behind),
      close: async () => {
        await http.close();
        for (const cleanup of cleanups) await cleanup();
      },
    };
  },
  { skip: skipWithout('registry') },
);

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
