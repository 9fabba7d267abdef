// How the consumer's commands reach registries: authorities, offline, and the token together with the one origin that
// it is for.

import type { NetworkOptions } from '../consumer/types.ts';
import { serverKey, storedToken, storedTokenForHost } from './logins.ts';
import type { Settings } from './settings.ts';

/** `source` is the reference or folder of the command; a stored token is used for its host alone. */
export async function networkFor(settings: Settings, source: string): Promise<NetworkOptions> {
  const { ca, offline, signal } = settings;
  return { offline, signal, ...(ca === undefined ? {} : { ca }), ...(await tokenAndServer(settings, source)) };
}

async function tokenAndServer({ env, server }: Settings, source: string): Promise<{ token?: string; server?: string }> {
  const origin = server === undefined ? {} : { server: new URL(serverKey(server)).origin };
  const given = env['EXPORT_CENTER_TOKEN'] || undefined;
  if (given !== undefined) return { token: given, ...origin };
  const stored = server === undefined ? undefined : await storedToken(env, server);
  if (stored !== undefined) return { token: stored, ...origin };
  const host = /^(?:oci:(?:\/\/)?)?([^/\s]+)\//.exec(source)?.[1];
  const found = host === undefined ? undefined : await storedTokenForHost(env, host);
  return found ?? {};
}
