// Our registry on a port that the system chooses, for tests of the server and for judges.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openAccess, openOperatorToken, type AccessOptions } from '../../src/access/access.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createRegistryApp, type RegistryAppOptions, type RegistryLogEntry } from '../../src/registry/server/app.ts';
import { serverTimeouts } from '../../src/registry/server/server-timeouts.ts';
import { openDiskStorage } from '../../src/registry/storage/disk-storage.ts';
import type { RegistryStorage } from '../../src/registry/storage/storage.ts';
import { atEnd, type Scope } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

export type StartedRegistry = {
  /** `localhost:PORT` */
  readonly host: string;
  readonly url: string;
  readonly port: number;
  readonly token: string;
  /** Value of an Authorization header for the operator. */
  readonly basic: string;
  readonly folder: string;
  readonly storage: RegistryStorage;
  readonly log: readonly RegistryLogEntry[];
};

export type StartRegistryOptions = Pick<RegistryAppOptions, 'aliases' | 'challenge' | 'publicUrl' | 'stallMs'> &
  Pick<Partial<AccessOptions>, 'anonymousPull'> & {
    readonly folder?: string;
    /** Instead of a disk storage in the folder. */
    readonly storage?: RegistryStorage;
  };

export async function startRegistry(scope: Scope, options: StartRegistryOptions = {}): Promise<StartedRegistry> {
  const folder = options.folder ?? (await temporaryFolder(scope, 'registry'));
  const storage = options.storage ?? (await openDiskStorage(`${folder}/oci`, { clock: systemClock }));
  const { aliases, anonymousPull = () => true, challenge, publicUrl, stallMs } = options;
  const access = await openAccess(folder, { clock: systemClock, anonymousPull });
  const log: RegistryLogEntry[] = [];
  const app = createRegistryApp({
    storage,
    access,
    publicUrl,
    aliases,
    clock: systemClock,
    log: (entry) => void log.push(entry),
    ...(challenge ? { challenge } : {}),
    ...(stallMs === undefined ? {} : { stallMs }),
  });
  const server = createServer(serverTimeouts, (incoming, outgoing) => void app.handle(incoming, outgoing));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(scope, async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  const token = await openOperatorToken(folder);
  const basic = `Basic ${Buffer.from(`operator:${token}`).toString('base64')}`;
  return { host: `localhost:${port}`, url: `http://localhost:${port}`, port, token, basic, folder, storage, log };
}
