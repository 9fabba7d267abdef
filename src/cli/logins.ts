// Tokens that `login` stored, one for each server, in a file that only its owner can read.

import { randomUUID } from 'node:crypto';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { ExportError } from '../core/errors.ts';
import { readPrivate } from '../trust/durable-file.ts';
import { configFolder, type Environment } from './settings.ts';

type LoginFile = { readonly servers: { readonly [server: string]: { readonly token: string } } };

/** The stored token for a server, undefined when there is none. Throws DENIED when others can read the file. */
export async function storedToken(env: Environment, server: string): Promise<string | undefined> {
  const { servers } = await readLogins(env);
  return servers[serverKey(server)]?.token;
}

/** The stored token for a registry host (`host[:port]`), with the origin that it is for. */
export async function storedTokenForHost(
  env: Environment,
  host: string,
): Promise<{ token: string; server: string } | undefined> {
  const { servers } = await readLogins(env);
  for (const [server, { token }] of Object.entries(servers)) {
    const url = URL.parse(server);
    if (url?.host === host) return { token, server: url.origin };
  }
  return undefined;
}

/** Stores a token; the file is replaced as a whole, mode 0600. Returns its path. */
export async function storeToken(env: Environment, server: string, token: string): Promise<string> {
  const { servers } = await readLogins(env);
  const folder = configFolder(env);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = join(folder, `.logins.${randomUUID()}`);
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify({ servers: { ...servers, [serverKey(server)]: { token } } }, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, loginPath(env));
  return loginPath(env);
}

/** Servers are the same with and without a slash at the end; throws USAGE for what is no http(s) URL. */
export function serverKey(server: string): string {
  const url = URL.parse(server);
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new ExportError('USAGE', 'the server must be given as http(s)://HOST[:PORT]');
  }
  return `${url.origin}${url.pathname.replace(/\/$/, '')}`;
}

function loginPath(env: Environment): string {
  return join(configFolder(env), 'logins.json');
}

async function readLogins(env: Environment): Promise<LoginFile> {
  const path = loginPath(env);
  const text = await readPrivate(path);
  if (text === undefined) return { servers: {} };
  try {
    return JSON.parse(text) as LoginFile;
  } catch (cause) {
    throw new ExportError('INPUT_INVALID', `${path} is damaged`, { hint: 'remove it and log in again', cause });
  }
}
