// Small files that are there whole or not at all: written aside, synced, renamed or linked, folder synced.

import { randomUUID } from 'node:crypto';
import { link, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ExportError } from '../core/errors.ts';

/** Writes or replaces `name` in `dir`, which must exist. `mode` holds for the new file. */
export async function replaceFile(dir: string, name: string, text: string, mode: number): Promise<void> {
  const temporary = await writeTemporary(dir, text, mode);
  await rename(temporary, join(dir, name));
  await syncFolder(dir);
}

/** Creates `name` in `dir`, or returns false when it is there already: of several processes exactly one gets true. */
export async function createFile(dir: string, name: string, text: string, mode: number): Promise<boolean> {
  const temporary = await writeTemporary(dir, text, mode);
  try {
    await link(temporary, join(dir, name));
    await syncFolder(dir);
    return true;
  } catch (cause) {
    if (hasCode(cause, 'EEXIST')) return false;
    throw cause;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function writeTemporary(dir: string, text: string, mode: number): Promise<string> {
  const path = join(dir, `.${randomUUID()}.tmp`);
  await using file = await open(path, 'wx', mode);
  await file.writeFile(text);
  await file.sync();
  return path;
}

async function syncFolder(dir: string): Promise<void> {
  await using folder = await open(dir, 'r');
  await folder.sync();
}

/** The file's text, undefined when it is not there. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return undefined;
    throw cause;
  }
}

/** The text of a file for its owner alone, undefined when it is not there. Throws DENIED when others can read it. */
export async function readPrivate(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path);
    const { mode } = await file.stat();
    if ((mode & 0o077) === 0) return await file.readFile('utf8');
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return undefined;
    throw cause;
  }
  throw new ExportError('DENIED', `others can read ${path}`, { hint: `run: chmod 600 ${path}` });
}

/** Names in a folder, unsorted; none when it is not there. */
export async function listFiles(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return [];
    throw cause;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
