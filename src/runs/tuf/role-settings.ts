// Roles, thresholds and lifetimes of TUF repositories: tuf/roles.json of the product, or a file of the same form at
// DIR/tuf/roles.json. Thresholds are for new repositories; those of others change by a ceremony.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExportError } from '../../core/errors.ts';
import type { Lifetime } from '../../trust/tuf/compose.ts';
import { parseDuration } from '../duration.ts';

export const repositoryKinds = ['tenant', 'trust', 'kit'] as const;
export type RepositoryKind = (typeof repositoryKinds)[number];

const roleNames = ['root', 'targets', 'delegated', 'snapshot', 'timestamp'] as const;
export type SettingName = (typeof roleNames)[number];

export type RoleSetting = Lifetime & {
  /** Keys that are made for a new repository, and how many of them have to sign. */
  readonly keys: number;
  readonly threshold: number;
};

export type RoleSettings = { readonly [role in SettingName]: RoleSetting };
export type TufSettings = { readonly [kind in RepositoryKind]: RoleSettings };

const ownFile = new URL('../../../tuf/roles.json', import.meta.url);

/** Throws INPUT_INVALID that names the file, the role and the rule. */
export async function readTufSettings(dataDir: string): Promise<TufSettings> {
  const path = join(dataDir, 'tuf', 'roles.json');
  const given = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return parseTufSettings(given ?? (await readFile(ownFile, 'utf8')), given === undefined ? 'tuf/roles.json' : path);
}

export function parseTufSettings(text: string, file: string): TufSettings {
  const document = parseObject(text, file);
  const kinds = repositoryKinds.map((kind) => {
    const roles = (document[kind] ?? {}) as Record<string, unknown>;
    return [
      kind,
      Object.fromEntries(roleNames.map((role) => [role, parseRole(roles[role], `${file}: ${kind}.${role}`)])),
    ];
  });
  return Object.fromEntries(kinds) as TufSettings;
}

function parseRole(value: unknown, place: string): RoleSetting {
  const { keys, threshold, valid, renew } = (value ?? {}) as Record<string, unknown>;
  const [validMs, renewMs] = [durationMs(valid, `${place}.valid`), durationMs(renew, `${place}.renew`)];
  if (!isCount(keys) || !isCount(threshold) || threshold > keys) {
    throw refused(place, 'threshold and keys are numbers from 1 on, the threshold no greater than the keys');
  }
  if (renewMs >= validMs) throw refused(place, 'what is renewed with so much time left would be renewed all the time');
  return { keys, threshold, validMs, renewMs };
}

function durationMs(value: unknown, place: string): number {
  const ms = typeof value === 'string' ? parseDuration(value) : undefined;
  if (ms !== undefined && ms > 0) return ms;
  throw refused(place, 'is an ISO 8601 duration of days or hours, such as P30D or PT18H');
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= 20;
}

function parseObject(text: string, file: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (cause) {
    throw new ExportError('INPUT_INVALID', `${file} is not JSON`, { cause });
  }
}

function refused(place: string, rule: string): ExportError {
  return new ExportError('INPUT_INVALID', `${place}: ${rule}`);
}
