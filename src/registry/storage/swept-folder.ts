// A folder of files that the sweep may remove. Removing is a rename, a second look, and only then the unlink: a file that
// somebody relied on in the last moment (touched it) is put back, and whoever comes after the rename finds nothing and
// stores it anew. No lock is needed, so pushes go on while the sweep runs, in other processes too.

import { randomUUID } from 'node:crypto';
import { link, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { listFolder, makeFolder, statOptionalFile, syncFolder } from './durable-file.ts';
import type { SweptPart } from './link-store.ts';
import { ifPresent, onDisk, systemCode } from './storage-error.ts';
import type { Sweepable, SweepEntry } from './storage.ts';

export type SweptFolderOptions = SweptPart & {
  /** Where removed files wait for the second look; on the same file system. */
  readonly temporary: string;
};

export function sweptFolder(options: SweptFolderOptions): Sweepable {
  const find = async (name: string): Promise<SweepEntry | undefined> => {
    const stats = await statOptionalFile(options.pathOf(name));
    return stats && { name, size: stats.size, touchedAtMs: stats.mtimeMs };
  };
  return {
    find,
    async *list() {
      for await (const file of filesBelow(options.folder, options.depth ?? 0)) {
        const name = options.nameOf(file);
        const entry = name === undefined ? undefined : await find(name);
        if (entry) yield entry;
      }
    },
    discard: (name, beforeMs) => discardFile(options.pathOf(name), options.temporary, beforeMs),
  };
}

async function* filesBelow(folder: string, depth: number): AsyncIterable<string> {
  for (const name of await listFolder(folder)) {
    if (depth === 0) yield name;
    else yield* filesBelow(join(folder, name), depth - 1);
  }
}

/** Removes a file unless it was touched at or after `beforeMs`; true when it is gone. */
export async function discardFile(path: string, temporary: string, beforeMs: number): Promise<boolean> {
  const seen = await statOptionalFile(path);
  if (!seen) return true;
  if (seen.mtimeMs >= beforeMs) return false;
  await makeFolder(temporary);
  const trash = join(temporary, randomUUID());
  const moved = await ifPresent('removing a file', async () => {
    await rename(path, trash);
    return true;
  });
  if (!moved) return true;
  const last = await statOptionalFile(trash);
  const touched = last !== undefined && last.mtimeMs >= beforeMs;
  if (touched) await putBack(trash, path);
  await ifPresent('removing a file', () => unlink(trash));
  // Links must be gone for good before the content they name: the order on the disk is the order of these syncs.
  await onDisk('removing a file', () => syncFolder(dirname(path)));
  return !touched;
}

async function putBack(trash: string, path: string): Promise<void> {
  await onDisk('putting a file back', async () => {
    try {
      await link(trash, path);
    } catch (thrown) {
      // Somebody stored it anew in between; theirs is as good.
      if (systemCode(thrown) !== 'EEXIST') throw thrown;
    }
  });
}
