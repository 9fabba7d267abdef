// Where the tests keep their folders: in memory, if this machine has a file system there with room to spare. They make and
// remove some hundred thousand files, and most of the time of that is the disk's. What survives a crash is proven by
// killing processes, which memory outlives too.

import { chmodSync, mkdtempSync, readFileSync, statfsSync } from 'node:fs';
import { availableMemory, constrainedMemory } from 'node:process';
import { join } from 'node:path';

const place = '/dev/shm';
const wantedBytes = 8 * 2 ** 30;

/** A new folder in memory, which the caller removes; undefined where there is no room, or programs may not run there. */
export function memoryFolder(): string | undefined {
  try {
    if (!hasRoom() || !mayExecute()) return undefined;
    const folder = mkdtempSync(join(place, 'export-center-tests-'));
    // A server that a test starts may run as somebody else.
    chmodSync(folder, 0o755);
    return folder;
  } catch {
    return undefined;
  }
}

function hasRoom(): boolean {
  const { bavail, bsize } = statfsSync(place);
  const memory = Math.min(availableMemory(), constrainedMemory() || Number.POSITIVE_INFINITY);
  return Math.min(bavail * bsize, memory) >= wantedBytes;
}

function mayExecute(): boolean {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const options = mounts.map((line) => line.split(' ')).findLast(([, path]) => path === place)?.[3];
  return options !== undefined && !options.split(',').includes('noexec');
}
