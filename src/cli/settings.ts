// The options that every command takes, with what they default to: environment, then the XDG folders.

import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { ExportError } from '../core/errors.ts';
import type { RegistryPlace } from '../runs/registry-storage.ts';

export type Settings = {
  /** Absolute path of the data folder. */
  readonly data: string;
  readonly server?: string;
  readonly tenant: string;
  /** PEM text of `--ca-file`. */
  readonly ca?: string;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly offline: boolean;
  readonly databaseUrl?: string;
  /** Where the own registry keeps its content, as far as the environment says it. */
  readonly registry: RegistryPlace;
  readonly env: Environment;
  readonly signal: AbortSignal;
};

export type Environment = { readonly [name: string]: string | undefined };

/** As commander gives them. */
export type GlobalOptions = {
  readonly data?: string;
  readonly server?: string;
  readonly tenant?: string;
  readonly caFile?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly offline?: boolean;
};

export type SettingsSource = { readonly env: Environment; readonly cwd: string; readonly signal: AbortSignal };

/** Throws NOT_FOUND when the file of certificate authorities is not there. */
export async function readSettings(options: GlobalOptions, { env, cwd, signal }: SettingsSource): Promise<Settings> {
  const server = options.server ?? set(env['EXPORT_CENTER_SERVER']);
  const databaseUrl = set(env['DATABASE_URL']);
  const bucket = set(env['EXPORT_CENTER_STORAGE']);
  const upstream = set(env['EXPORT_CENTER_UPSTREAM']);
  const ca = options.caFile === undefined ? undefined : await readTextFile(resolve(cwd, options.caFile));
  return {
    data: resolve(cwd, options.data ?? set(env['EXPORT_CENTER_DATA']) ?? join(dataHome(env), 'export-center')),
    ...(server === undefined ? {} : { server }),
    tenant: options.tenant ?? 'default',
    ...(ca === undefined ? {} : { ca }),
    json: options.json ?? false,
    quiet: options.quiet ?? false,
    offline: options.offline ?? false,
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    registry: { ...(bucket === undefined ? {} : { bucket }), ...(upstream === undefined ? {} : { upstream }) },
    env,
    signal,
  };
}

/** The text of a file that an option names; throws NOT_FOUND or DENIED with its name. */
export async function readTextFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const denied = (cause as NodeJS.ErrnoException).code === 'EACCES';
    throw new ExportError(denied ? 'DENIED' : 'NOT_FOUND', `${path} cannot be read`, { cause });
  }
}

/** Folder of the person's settings for this program (XDG base directory specification). */
export function configFolder(env: Environment): string {
  return join(set(env['XDG_CONFIG_HOME']) ?? join(home(env), '.config'), 'export-center');
}

function dataHome(env: Environment): string {
  return set(env['XDG_DATA_HOME']) ?? join(home(env), '.local', 'share');
}

function home(env: Environment): string {
  return set(env['HOME']) ?? homedir();
}

/** An empty variable counts as none. */
function set(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
