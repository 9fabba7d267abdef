// Who answers a command: the service named by --server, else the service that holds the data folder, else the folder
// itself. What comes back is a Center in all three cases.

import { join } from 'node:path';
import { existsSync } from 'node:fs';
import { ExportError } from '../core/errors.ts';
import type { Center } from '../runs/center.ts';
import { serverKey, storedToken } from './logins.ts';
import { refuseOffline } from './offline.ts';
import type { Settings } from './settings.ts';

export async function openCenterFor(
  settings: Settings,
  options: { readonly queueOnly?: boolean } = {},
): Promise<Center> {
  if (settings.server !== undefined) return connectTo(settings.server, settings);
  const service = await serviceOf(settings.data);
  if (service !== undefined) return connectToLocal(service, settings);
  const { openCenter } = await import('../runs/open-center.ts');
  return openCenter({
    data: settings.data,
    ...(settings.databaseUrl === undefined ? {} : { databaseUrl: settings.databaseUrl }),
    ...(settings.ca === undefined ? {} : { ca: settings.ca }),
    registry: settings.registry,
    offline: settings.offline,
    env: settings.env,
    actor: await localActor(),
    service: options.queueOnly ?? false,
  });
}

/** EXPORT_CENTER_TOKEN, or what `login` stored; throws UNAUTHORIZED when there is neither. */
export async function tokenFor(server: string, { env }: Pick<Settings, 'env'>): Promise<string> {
  const token = env['EXPORT_CENTER_TOKEN'] || (await storedToken(env, server));
  if (token) return token;
  throw new ExportError('UNAUTHORIZED', `there is no token for ${serverKey(server)}`, {
    hint: `run export-center login ${serverKey(server)}, or set EXPORT_CENTER_TOKEN`,
  });
}

async function connectTo(server: string, settings: Settings): Promise<Center> {
  refuseOffline(settings.offline, serverKey(server));
  const token = await tokenFor(server, settings);
  const { connectCenter } = await import('../api/client.ts');
  const { ca, offline, env, signal } = settings;
  return connectCenter({ server, token, offline, env, signal, ...(ca === undefined ? {} : { ca }) });
}

async function connectToLocal(server: string, { data, env, signal }: Settings): Promise<Center> {
  const { openOperatorToken } = await import('../access/access.ts');
  const { connectCenter } = await import('../api/client.ts');
  const token = await openOperatorToken(data);
  // The loopback interface is no network: --offline is about what lies behind it (see offline.ts).
  return connectCenter({ server, token, samePlace: true, env, signal });
}

/** Whoever may write to the folder may do everything; the audit has their name on this machine. */
async function localActor(): Promise<string> {
  const { userInfo } = await import('node:os');
  try {
    return `local ${userInfo().username}`;
  } catch {
    // A container's user has a number and often no name.
    return 'local';
  }
}

async function serviceOf(data: string): Promise<string | undefined> {
  // The look at the lock loads SQLite; most folders have no such file.
  if (!existsSync(join(data, 'service.json'))) return undefined;
  const { liveService } = await import('./service-lock.ts');
  return liveService(data)?.address;
}
