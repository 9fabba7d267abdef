// Files that are there whole or not at all, also after kill -9 and power loss: written under a temporary name on the
// same file system, synced, renamed into place, and the folder synced, because a rename lives in the folder.

import { randomUUID } from 'node:crypto';
import { readFileSync, statSync, type Stats } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, stat, unlink, utimes } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { quickLooks } from './quick-look.ts';
import { ifPresent, isMissing, onDisk, systemCode } from './storage-error.ts';

/** A file touched less than this ago is not touched again; the sweep's grace is far longer. */
const touchIntervalMs = 10 * 60_000;

/** Makes a folder and its parents; each new name is synced in its parent. */
export async function makeFolder(path: string): Promise<void> {
  await onDisk('making a folder', async () => {
    const first = await mkdir(path, { recursive: true });
    if (first === undefined) return;
    for (let made = path; ; made = dirname(made)) {
      await syncFolder(dirname(made));
      if (made === first) return;
    }
  });
}

export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Syncs an open temporary file and gives it its name, in place of what had that name before. Closes it. */
export async function publishFile(handle: FileHandle, temporary: string, path: string): Promise<void> {
  await onDisk('storing a file', async () => {
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    await inFolder(path, () => rename(temporary, path));
    await syncFolder(dirname(path));
  });
}

/** Writes a whole file durably; `temporaryFolder` lies on the same file system. */
export async function writeFileDurably(temporaryFolder: string, path: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(temporaryFolder, randomUUID());
  await onDisk('storing a file', async () => {
    const handle = await inFolder(temporary, () => open(temporary, 'wx'));
    try {
      await handle.writeFile(bytes);
      await publishFile(handle, temporary, path);
    } catch (thrown) {
      await handle.close().catch(ignore);
      await unlink(temporary).catch(ignore);
      throw thrown;
    }
  });
}

/** Makes an empty file durably; one that is there already is touched. True when it is new. */
export async function markFile(path: string, clock: Clock): Promise<boolean> {
  return onDisk('storing a link', async () => {
    try {
      await (await inFolder(path, () => open(path, 'wx'))).close();
    } catch (thrown) {
      if (systemCode(thrown) !== 'EEXIST') throw thrown;
      if (await touchFile(path, clock)) return false;
      return markFile(path, clock);
    }
    await syncFolder(dirname(path));
    return true;
  });
}

/** Runs `work`, which makes `path`; makes the folder first when that is what it lacks. */
async function inFolder<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!isMissing(thrown)) throw thrown;
    await makeFolder(dirname(path));
    return work();
  }
}

/** Tells the sweep that somebody relies on this file; false when it is not there. */
export async function touchFile(path: string, clock: Clock): Promise<boolean> {
  const touched = await ifPresent('touching a file', async () => {
    const now = clock.now();
    const stats = await lookAt(path);
    if (stats && now.getTime() - stats.mtimeMs >= touchIntervalMs) await utimes(path, now, now);
    return stats !== undefined;
  });
  return touched ?? false;
}

export async function readOptionalFile(path: string): Promise<Buffer | undefined> {
  return ifPresent('reading a file', () => readFile(path));
}

/** Like `readOptionalFile`, for files of a few hundred bytes that are read all the time. */
export async function readSmallFile(path: string): Promise<Buffer | undefined> {
  return ifPresent('reading a file', () =>
    quickLooks.take(
      () => readFileSync(path),
      () => readFile(path),
    ),
  );
}

/** Size in bytes and time of the last touch, undefined when it is not there. */
export async function statOptionalFile(path: string): Promise<{ size: number; mtimeMs: number } | undefined> {
  return ifPresent('looking at a file', () => lookAt(path));
}

function lookAt(path: string): Promise<Stats | undefined> {
  return quickLooks.take<Stats | undefined>(
    () => statSync(path, { throwIfNoEntry: false }),
    () => stat(path),
  );
}

/** Names in a folder, none when the folder is not there. */
export async function listFolder(path: string): Promise<string[]> {
  return (await ifPresent('reading a folder', () => readdir(path))) ?? [];
}

/** Removes a file durably; false when it was not there. */
export async function removeFile(path: string): Promise<boolean> {
  const removed = await ifPresent('removing a file', async () => {
    await unlink(path);
    await syncFolder(dirname(path));
    return true;
  });
  return removed ?? false;
}

function ignore(): void {
  // The error that led here is the one to report.
}
