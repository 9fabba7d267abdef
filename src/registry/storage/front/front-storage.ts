// The registry as a thin front of another one: read-only, verifying, with a cache in a disk storage of its own. The cache is
// swept like every storage: what no cached tag leads to goes when it is two hours old.

import type { Clock } from '../../../core/clock.ts';
import { ExportError } from '../../../core/errors.ts';
import { isRepositoryName } from '../../../oci/reference.ts';
import type { Credentials } from '../../client/credentials.ts';
import type { Http } from '../../client/http.ts';
import { remoteRepository } from '../../client/remote-repository.ts';
import { openDisk } from '../disk-storage.ts';
import { LinkedRepository } from '../linked-repository.ts';
import type { RegistryStorage } from '../storage.ts';
import { FrontRepository, refusal, type FrontContext } from './front-repository.ts';
import { ReferrerLists } from './referrer-lists.ts';
import { Upstream } from './upstream.ts';

export type UpstreamPlace = {
  /** HOST[:PORT] */
  readonly registry: string;
  /** Repositories of the front are looked for below it; empty for none. */
  readonly prefix: string;
};

export type FrontStorageOptions = {
  readonly upstream: UpstreamPlace;
  /** Folder of the cache. */
  readonly folder: string;
  /** Its retries are what a client of ours waits for while the upstream is away. */
  readonly http: Http;
  readonly credentials?: Credentials | undefined;
  readonly clock: Clock;
};

/** Opens the front. The upstream is not asked for anything yet. */
export async function openFrontStorage(options: FrontStorageOptions): Promise<RegistryStorage> {
  const { upstream, http, credentials, clock } = options;
  const cache = await openDisk(options.folder, { clock });
  const place = upstream.prefix === '' ? upstream.registry : `${upstream.registry}/${upstream.prefix}`;
  const context: FrontContext = {
    upstream: new Upstream(place, clock),
    target: { content: cache.content, temporary: cache.paths.temporary },
    downloads: new Map(),
  };
  const repositoryOf = (name: string): FrontRepository => {
    const kept = new LinkedRepository(name, cache.linked);
    const repository = upstream.prefix === '' ? name : `${upstream.prefix}/${name}`;
    const remote = remoteRepository({ registry: upstream.registry, repository }, { http, credentials, clock });
    const lists = new ReferrerLists(cache.paths.repository(name), cache.linked.links);
    return new FrontRepository(kept, lists, remote, context);
  };
  return {
    ...cache.storage,
    repository: remembering(repositoryOf),
    refusesClients: refusal(place).message,
  };
}

/** Tokens and joined requests belong to a repository, so the same one is used again; the oldest are forgotten. */
function remembering(open: (name: string) => FrontRepository): (name: string) => FrontRepository {
  const known = new Map<string, FrontRepository>();
  const maxKnown = 1_000;
  return (name) => {
    const found = known.get(name) ?? open(name);
    known.delete(name);
    known.set(name, found);
    for (const oldest of known.keys()) {
      if (known.size <= maxKnown) break;
      known.delete(oldest);
    }
    return found;
  };
}

/** REGISTRY or REGISTRY/PREFIX. Throws USAGE for anything else. */
export function parseUpstream(text: string): UpstreamPlace {
  const [, registry = '', prefix = ''] =
    /^([a-zA-Z0-9.-]+(?::\d{1,5})?|\[[0-9a-fA-F:]+\](?::\d{1,5})?)(?:\/(.*))?$/.exec(text) ?? [];
  const named = prefix === '' || isRepositoryName(prefix);
  if (registry !== '' && !text.endsWith('/') && named) return { registry, prefix };
  throw new ExportError('USAGE', `not a registry to stand in front of: ${JSON.stringify(text.slice(0, 200))}`, {
    hint: 'write HOST[:PORT] or HOST[:PORT]/PREFIX, without a scheme',
  });
}
