// A center whose TUF repositories are served over HTTP by this process, and a clock that can be moved on.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openAccess } from '../../src/access/access.ts';
import { createApiApp } from '../../src/api/app.ts';
import { startServer } from '../../src/api/server.ts';
import type { Clock } from '../../src/core/clock.ts';
import { createHealth } from '../../src/observe/health.ts';
import { silentLog } from '../../src/observe/log.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import { createRegistryApp } from '../../src/registry/server/app.ts';
import { openTestCenter, type TestCenter } from './center.ts';
import { atEnd, type Scope } from './scope.ts';

export type MovingClock = Clock & { advanceHours(hours: number): void };

export type TufWorld = TestCenter & {
  readonly url: string;
  /** `localhost:PORT`. */
  readonly host: string;
  /** The first root of a repository, as it was handed out. */
  firstRoot(repository: string): Promise<Buffer>;
};

export function movingClock(start = new Date()): MovingClock {
  let now = start.getTime();
  return { now: () => new Date(now), advanceHours: (hours) => void (now += hours * 3_600_000) };
}

export async function openTufWorld(
  scope: Scope,
  options: { readonly clock?: Clock; readonly databaseUrl?: string; readonly data?: string } = {},
): Promise<TufWorld> {
  const world = await openTestCenter(scope, options);
  const { center, data } = world;
  const clock = options.clock ?? { now: () => new Date() };
  const storage = await center.registryStorage();
  const access = await openAccess(data, { clock, source: center.accessSource() });
  const [log, metrics, health] = [silentLog, createMetrics(), createHealth()];
  const tuf = center.tufFiles();
  const spoolDir = join(data, 'spool');
  const api = createApiApp({ center, access, storage, tuf, health, metrics, log, spoolDir, version: '1.2.3' });
  const registry = createRegistryApp({ storage, access, clock });
  const server = await startServer({ listen: { host: '127.0.0.1', port: 0 }, registry, api, log, metrics });
  atEnd(scope, () => server.stop(0));
  const folderOf = (name: string): string => (name === 'trust' ? join(data, 'trust') : join(data, 'tuf', name));
  return {
    ...world,
    url: server.url,
    host: `localhost:${server.port}`,
    firstRoot: (repository) => readFile(join(folderOf(repository), 'root.json')),
  };
}
