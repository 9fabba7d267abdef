// One service for each data folder. The lock is SQLite's on an empty file: the kernel lets go of it when the process
// ends, however it ends, so nothing stale can lock anybody out. `service.json` beside it tells where the service is.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ExportError } from '../core/errors.ts';

export type ServiceFile = {
  /** A URL on which this machine reaches the service. */
  readonly address: string;
  readonly pid: number;
  readonly startedAt: string;
};

export type ServiceLock = {
  /** Tells others where the service is. */
  announce(file: ServiceFile): Promise<void>;
  /** Takes the announcement back and lets go of the folder. */
  release(): Promise<void>;
};

/** Somebody who only looks holds the lock for a moment. */
const patienceMs = 2_000;

/**
 * Takes the folder for this process, as long as it keeps the result: what nobody refers to is closed by the garbage
 * collector, lock and all. Throws CONFLICT when another service holds the folder.
 */
export async function lockFolder(data: string): Promise<ServiceLock> {
  const lock = await openLock(data);
  try {
    // Nothing is ever written, so a journal on disk would only be something to clean up after a crash.
    lock.exec('pragma journal_mode = memory; begin exclusive');
  } catch (cause) {
    lock.close();
    throw busy(data, cause);
  }
  return {
    async announce(file) {
      const temporary = join(data, `.service.${randomUUID()}`);
      await writeFile(temporary, `${JSON.stringify(file)}\n`, { mode: 0o600 });
      await rename(temporary, servicePath(data));
    },
    async release() {
      await rm(servicePath(data), { force: true });
      lock.close();
    },
  };
}

async function openLock(data: string): Promise<DatabaseSync> {
  try {
    await mkdir(data, { recursive: true, mode: 0o700 });
    return new DatabaseSync(lockPath(data), { timeout: patienceMs });
  } catch (cause) {
    throw cannotLock(data, cause);
  }
}

/** The service that holds the folder now; undefined when there is none, or one that has not announced itself yet. */
export function liveService(data: string): ServiceFile | undefined {
  const file = readServiceFile(data);
  return file !== undefined && isLocked(data) ? file : undefined;
}

function readServiceFile(data: string): ServiceFile | undefined {
  try {
    const file = JSON.parse(readFileSync(servicePath(data), 'utf8')) as Partial<ServiceFile>;
    return typeof file.address === 'string' ? (file as ServiceFile) : undefined;
  } catch {
    // Not there, or not readable as one: then it says nothing about a service.
    return undefined;
  }
}

function isLocked(data: string): boolean {
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(lockPath(data), { readOnly: true, timeout: 0 });
    lock.exec('begin; select count(*) from sqlite_schema');
    return false;
  } catch (error) {
    return (error as { errcode?: number }).errcode === 5;
  } finally {
    lock?.close();
  }
}

function busy(data: string, cause: unknown): ExportError {
  if ((cause as { errcode?: number }).errcode !== 5) return cannotLock(data, cause);
  const file = readServiceFile(data);
  const who = file === undefined ? '' : ` (${file.address}, process ${file.pid})`;
  return new ExportError('CONFLICT', `another service holds the folder ${data}${who}`, {
    hint: 'stop it first, or choose another folder with --data',
    cause,
  });
}

function cannotLock(data: string, cause: unknown): ExportError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new ExportError('STORAGE_FAILED', `the folder ${data} cannot be locked${why}`, {
    hint: 'look at the disk and the permissions of the data folder',
    cause,
  });
}

function lockPath(data: string): string {
  return join(data, 'service.lock');
}

function servicePath(data: string): string {
  return join(data, 'service.json');
}
