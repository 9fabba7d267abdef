// The API behind a real server on a port that the system chose, for tests of the client.

import type { ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { openAccess, openOperatorToken } from '../../src/access/access.ts';
import { createApiApp } from '../../src/api/app.ts';
import { startServer, type RunningServer, type ServerOptions } from '../../src/api/server.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createHealth } from '../../src/observe/health.ts';
import { silentLog } from '../../src/observe/log.ts';
import { createMetrics, type Metrics } from '../../src/observe/metrics.ts';
import { atEnd } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { fakeCenter, type FakeCenter } from './fake-center.ts';

export type RunningApi = {
  readonly center: FakeCenter;
  readonly server: RunningServer;
  readonly token: string;
  readonly metrics: Metrics;
  /** Cuts event streams, as the service does when it ends. */
  readonly stopping: AbortController;
};

export async function runApi(t: TestContext, options: Partial<ServerOptions> = {}): Promise<RunningApi> {
  const dir = await temporaryFolder(t, 'api');
  const center = fakeCenter();
  const metrics = createMetrics();
  const stopping = new AbortController();
  const api = createApiApp({
    center,
    access: await openAccess(dir, { clock: systemClock }),
    health: createHealth(),
    metrics,
    log: silentLog,
    spoolDir: `${dir}/spool`,
    version: '1.2.3',
    stopping: stopping.signal,
  });
  const registry = { handle: async (_: unknown, outgoing: ServerResponse) => void outgoing.end('registry') };
  const listen = { host: '127.0.0.1', port: 0 };
  const server = await startServer({ listen, registry, api, log: silentLog, metrics, ...options });
  atEnd(t, () => server.stop(0));
  return { center, server, token: await openOperatorToken(dir), metrics, stopping };
}
