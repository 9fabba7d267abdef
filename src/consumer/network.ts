// How the consumer reaches registries: one HTTP client for each command, whose every received byte is counted, and
// credentials that go to the registry they are meant for.

import { systemClock } from '../core/clock.ts';
import type { Repository } from '../oci/repository.ts';
import type { Reference } from '../oci/reference.ts';
import { openCredentials, type Credentials } from '../registry/client/credentials.ts';
import { createHttp } from '../registry/client/http.ts';
import { isThisMachine, RegistryEndpoint } from '../registry/client/registry-endpoint.ts';
import { remoteRepository } from '../registry/client/remote-repository.ts';
import type { NetworkOptions } from './types.ts';

export interface Network {
  repository(reference: Pick<Reference, 'registry' | 'repository'>): Repository;
  /** The same as an address, for what a repository has no question for. */
  endpoint(reference: Pick<Reference, 'registry' | 'repository'>): RegistryEndpoint;
  close(): Promise<void>;
}

/** `onBytes` is told the size of every piece of every response body. Nothing is sent before it is needed. */
export function openNetwork(options: NetworkOptions, onBytes?: (count: number) => void): Network {
  const { ca, offline, signal } = options;
  const http = createHttp({ ca, offline, signal, onBytes });
  const credentials = credentialsOf(options);
  return {
    repository: (reference) => remoteRepository(reference, { http, credentials }),
    endpoint: ({ registry, repository }) =>
      new RegistryEndpoint(registry, repository, { http, credentials, clock: systemClock }),
    close: () => http.close(),
  };
}

/** The token is for the product's own registry; every other one gets what its login left in config.json. */
function credentialsOf({ token, server }: NetworkOptions): Credentials {
  const stored = openCredentials();
  if (token === undefined) return stored;
  const own = server === undefined ? undefined : new URL(server).origin;
  return {
    tokenFor(origin) {
      const isOwn = own === undefined ? isThisMachine(new URL(origin).host) : origin === own;
      return isOwn ? token : undefined;
    },
    find: (origin) => stored.find(origin),
  };
}
