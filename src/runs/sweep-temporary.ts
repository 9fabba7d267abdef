// Removes what killed processes left in the folder for temporary files: downloads, unpacked databases, sorted runs.

import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';

/** Longer than any ingest or run takes. */
const idleMs = 24 * 60 * 60_000;

/** Removes folders that nothing was added to for a day. */
export async function sweepTemporary(folder: string, clock: Clock): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const path = join(folder, name);
    const changedMs = await newestChange(path);
    if (changedMs !== undefined && clock.now().getTime() - changedMs > idleMs) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

/** Of the entry and what lies directly in it; undefined when it is gone. */
async function newestChange(path: string): Promise<number | undefined> {
  const own = await stat(path).catch(() => undefined);
  if (own === undefined) return undefined;
  let newest = own.mtimeMs;
  for (const name of own.isDirectory() ? await readdir(path).catch(() => []) : []) {
    const inside = await stat(join(path, name)).catch(() => undefined);
    newest = Math.max(newest, inside?.mtimeMs ?? 0);
  }
  return newest;
}
