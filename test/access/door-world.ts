// A whole service in this process, with two tenants that know nothing of each other, and tokens of every kind.

import { openAccess, openOperatorToken } from '../../src/access/access.ts';
import { roles, type Role } from '../../src/access/roles.ts';
import { createApiApp } from '../../src/api/app.ts';
import { startServer } from '../../src/api/server.ts';
import { systemClock, type Clock } from '../../src/core/clock.ts';
import { createHealth } from '../../src/observe/health.ts';
import { silentLog } from '../../src/observe/log.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import { createRegistryApp } from '../../src/registry/server/app.ts';
import type { RegistryStorage } from '../../src/registry/storage/storage.ts';
import type { LocalCenter } from '../../src/runs/local-center.ts';
import { openCenter } from '../../src/runs/open-center.ts';
import { pushArtifact } from '../registry/artifacts.ts';
import { atEnd, type Scope } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

export const tenants = ['acme', 'rival'] as const;

export type DoorWorld = {
  readonly url: string;
  readonly center: LocalCenter;
  readonly storage: RegistryStorage;
  readonly api: ReturnType<typeof createApiApp>;
  readonly operatorToken: string;
  /** A manifest's digest that is under tag `v1` of `mirror` in every tenant, and in `default/mirror`. */
  readonly digest: string;
  token(tenant: string, role: Role, repositories?: readonly string[]): Promise<string>;
  ask(method: string, path: string, authorization?: string): Promise<Answer>;
};

export type Answer = { readonly status: number; readonly headers: Headers; readonly text: string };

export async function openDoorWorld(scope: Scope, clock: Clock = systemClock): Promise<DoorWorld> {
  const data = await temporaryFolder(scope, 'door');
  const center = await openCenter({ data, clock, env: {}, service: true });
  atEnd(scope, () => center.close());
  const storage = await center.registryStorage();
  for (const tenant of tenants) await center.access.addTenant(tenant);
  let digest = '';
  for (const tenant of ['default', ...tenants]) {
    digest = (await pushArtifact(storage.repository(`${tenant}/mirror`), 'secret', ['v1'])).descriptor.digest;
  }
  const access = await openAccess(data, { clock, source: center.accessSource() });
  const [log, metrics, health] = [silentLog, createMetrics(), createHealth()];
  const registry = createRegistryApp({ storage, access, clock });
  const api = createApiApp({
    center,
    access,
    storage,
    health,
    metrics,
    log,
    spoolDir: `${data}/spool`,
    version: '1.2.3',
  });
  const server = await startServer({ listen: { host: '127.0.0.1', port: 0 }, registry, api, log, metrics });
  atEnd(scope, () => server.stop(0));
  return {
    url: server.url,
    center,
    storage,
    api,
    operatorToken: await openOperatorToken(data),
    digest,
    token: async (tenant, role, repositories) => {
      const name = `${tenant}-${role}`;
      return (await center.access.createToken({ name, tenant, role, ...(repositories ? { repositories } : {}) })).token;
    },
    async ask(method, path, authorization) {
      const headers = authorization === undefined ? {} : { authorization };
      const answer = await fetch(server.url + path, { method, headers, redirect: 'manual' });
      return { status: answer.status, headers: answer.headers, text: await answer.text() };
    },
  };
}

export function bearer(token: string): string {
  return `Bearer ${token}`;
}

/** As clients send it that know names and passwords only. */
export function basic(token: string, user = 'whoever'): string {
  return `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;
}

/** The short-lived token that the token endpoint gives for everything in these repositories. */
export async function trade(world: DoorWorld, token: string, repositories: readonly string[]): Promise<string> {
  const scopes = repositories.map((name) => `scope=repository:${name}:pull,push,delete`).join('&');
  const { status, text } = await world.ask('GET', `/token?service=export-center&${scopes}`, basic(token));
  if (status !== 200) throw new Error(`the token endpoint answered ${status}: ${text}`);
  return (JSON.parse(text) as { token: string }).token;
}

/** One token for each role in `tenant`. */
export function tokensOf(world: DoorWorld, tenant: string): Promise<{ role: Role; token: string }[]> {
  return Promise.all(roles.map(async (role) => ({ role, token: await world.token(tenant, role) })));
}

/** Neither let in nor told more than that. */
export function isDenied({ status }: Answer): boolean {
  return status === 401 || status === 403;
}
