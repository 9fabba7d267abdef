// Credentials for registries: a token that the caller gives for one origin, else what `docker login` and `oras login`
// left in config.json, credential helpers included (the file format of the Docker command line).

import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ExportError } from '../../core/errors.ts';
import { runCredentialHelper } from './credential-helper.ts';
import type { Credential, CredentialLookup } from './credential.ts';
import type { Environment } from './proxy-environment.ts';

export interface Credentials {
  /** A token that the caller gave for exactly this origin, such as `https://registry.example:5000`. */
  tokenFor(origin: string): string | undefined;
  /** Asked only after the registry wants credentials. */
  find(origin: string): Promise<CredentialLookup>;
}

export type CredentialOptions = {
  /** Environment of `DOCKER_CONFIG`, and of the helpers; the process's own by default. */
  readonly env?: Environment | undefined;
  /** Bearer tokens by origin. */
  readonly tokens?: readonly { readonly origin: string; readonly token: string }[] | undefined;
};

/** Docker Hub's name in config.json. */
const dockerHub = 'https://index.docker.io/v1/';

export function openCredentials(options: CredentialOptions = {}): Credentials {
  const env = options.env ?? process.env;
  const tokens = new Map((options.tokens ?? []).map(({ origin, token }) => [new URL(origin).origin, token]));
  return {
    tokenFor: (origin) => tokens.get(origin),
    find: (origin) => findInConfig(origin, env),
  };
}

/** No credentials at all. */
export const anonymous: Credentials = { tokenFor: () => undefined, find: () => Promise.resolve({}) };

type DockerConfig = {
  readonly auths?: { readonly [server: string]: unknown };
  readonly credHelpers?: { readonly [server: string]: unknown };
  readonly credsStore?: unknown;
};

async function findInConfig(origin: string, env: Environment): Promise<CredentialLookup> {
  const host = new URL(origin).host;
  const config = await readConfig(
    join(env['DOCKER_CONFIG'] || join(env['HOME'] || homedir(), '.docker'), 'config.json'),
  );
  const helper = valueFor(config.credHelpers, host) ?? config.credsStore;
  let problem: string | undefined;
  if (typeof helper === 'string' && helper !== '') {
    const asked = host === 'registry-1.docker.io' ? dockerHub : host;
    const answer = await runCredentialHelper(helper, asked, env);
    if (answer.credential) return answer;
    problem = answer.problem;
  }
  const credential = readEntry(valueFor(config.auths, host));
  return { ...(credential ? { credential } : {}), ...(problem === undefined ? {} : { problem }) };
}

async function readConfig(path: string): Promise<DockerConfig> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return {};
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    // The parser's own message would repeat a piece of the file.
    throw new ExportError('USAGE', `${path} is not JSON`, { hint: 'repair the file or log in again' });
  }
}

/** Keys may be a host, or a URL whose path does not matter. */
function valueFor(map: { readonly [server: string]: unknown } | undefined, host: string): unknown {
  if (typeof map !== 'object' || map === null) return undefined;
  if (Object.hasOwn(map, host)) return map[host];
  if (host === 'registry-1.docker.io') return map[dockerHub] ?? map['docker.io'];
  const key = Object.keys(map).find((server) => server.replace(/^https?:\/\//, '').replace(/\/.*$/, '') === host);
  return key === undefined ? undefined : map[key];
}

function readEntry(entry: unknown): Credential | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { auth, username, password, identitytoken, registrytoken } = entry as Record<string, unknown>;
  if (typeof registrytoken === 'string' && registrytoken) return { kind: 'bearer', token: registrytoken };
  if (typeof identitytoken === 'string' && identitytoken) return { kind: 'identity', token: identitytoken };
  if (typeof auth === 'string' && auth) {
    const plain = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '');
    const colon = plain.indexOf(':');
    if (colon > 0) return { kind: 'basic', username: plain.slice(0, colon), password: plain.slice(colon + 1) };
  }
  if (typeof username === 'string' && username && typeof password === 'string') {
    return { kind: 'basic', username, password };
  }
  return undefined;
}
