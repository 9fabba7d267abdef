// A publisher in this process: a center, and its registry on a real port, whose requests are told. What a consumer fetches
// comes over HTTP like anywhere else.

import { cp } from 'node:fs/promises';
import { openAccess } from '../../src/access/access.ts';
import { startServer } from '../../src/api/server.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createLog } from '../../src/observe/log.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import type { Repository } from '../../src/oci/repository.ts';
import type { ShardedBundle } from '../../src/profiles/sharded/compose.ts';
import { readBundle } from '../../src/profiles/sharded/read.ts';
import { createRegistryApp } from '../../src/registry/server/app.ts';
import { openCenter } from '../../src/runs/open-center.ts';
import type { RunResult } from '../../src/runs/center.ts';
import { atEnd, type Scope } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const tenant = 'default';

export type Publisher = {
  readonly data: string;
  /** `localhost:PORT/default/mirror`, as oras and people name it. */
  readonly mirror: string;
  readonly repository: Repository;
  /** PEM of the public key. */
  readonly key: string;
  /** Paths of what was asked for since the last call, with their methods. */
  requests(): string[];
  /** Ingests a file and makes full bundle and delta of the new state; the result of the full one. */
  publish(file: string, options?: { readonly compact?: boolean }): Promise<RunResult>;
  /** The newest bundle. */
  bundle(): Promise<ShardedBundle>;
  close(): Promise<void>;
};

export async function startPublisher(scope: Scope, from?: string): Promise<Publisher> {
  const data = await temporaryFolder(scope, 'publisher');
  if (from !== undefined) await cp(from, data, { recursive: true });
  let compactsNow = false;
  const center = await openCenter({ data, env: {}, compactsNow: () => compactsNow });
  const requests: string[] = [];
  const registry = createRegistryApp({
    storage: await center.registryStorage(),
    access: await openAccess(data, { clock: systemClock }),
    clock: systemClock,
    log: ({ method, path }) => void requests.push(`${method} ${path}`),
  });
  const log = createLog({ write: () => {}, clock: systemClock, level: 'error' });
  const api = { fetch: () => new Response(null, { status: 404 }) };
  const server = await startServer({
    listen: { host: '127.0.0.1', port: 0 },
    registry,
    api,
    log,
    metrics: createMetrics(),
  });
  await center.setPublicUrl(`http://localhost:${server.port}`);
  const repository = (await center.registryStorage()).repository(`${tenant}/mirror`);
  const [key] = (await center.keys()).length > 0 ? await center.keys() : [await center.generateKey()];
  let open = true;
  const close = async (): Promise<void> => {
    if (!open) return;
    open = false;
    await server.stop(1_000);
    await center.close();
  };
  atEnd(scope, close);

  async function succeed(profile: string): Promise<RunResult> {
    const { run } = await center.startRun(tenant, { profile });
    for await (const _ of center.runEvents(tenant, run));
    const { result, failure } = await center.run(tenant, run);
    if (!result) throw new Error(`${profile} failed: ${JSON.stringify(failure)}`);
    return result;
  }

  return {
    data,
    mirror: `localhost:${server.port}/${tenant}/mirror`,
    repository,
    key: key?.publicKey ?? '',
    requests: () => requests.splice(0),
    publish: async (file, { compact = false } = {}) => {
      await center.ingest(tenant, { source: 'osv', from: file });
      compactsNow = compact;
      const full = await succeed('mirror:full');
      await succeed('mirror:delta');
      compactsNow = false;
      return full;
    },
    bundle: async () => {
      const named = await repository.resolve('latest');
      const index = named && (await repository.manifest(named.digest));
      if (!index) throw new Error('nothing is published');
      return readBundle(repository, index);
    },
    close,
  };
}
