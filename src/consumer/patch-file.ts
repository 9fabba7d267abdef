// Reads a patch out of a file group by group (formats.md §6), so that memory is bounded by one group, not by the patch.

import { open, type FileHandle } from 'node:fs/promises';
import { ExportError } from '../core/errors.ts';
import { frameLimit, RisingKeys } from '../shard/journal.ts';
import { readPatch, type ReceivedGroup } from '../shard/patch.ts';

const headBytes = 8;
/** Two frames, each of which may be a little longer than what is in it. */
const groupLimit = 2 * frameLimit + (1 << 20);

/** Throws VERIFICATION_FAILED for left-over bytes, oversized groups, and keys that do not rise. */
export async function* readPatchFile(path: string): AsyncGenerator<ReceivedGroup> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const order = new RisingKeys('a patch');
    for (let at = 0; at < size;) {
      const bytes = await readGroup(handle, at, size);
      for (const group of readPatch(bytes)) {
        // The order inside the group was checked; what is left is the step from one group to the next.
        const [first] = group.keys;
        const last = group.keys.at(-1);
        if (first) order.next(first);
        if (last && last !== first) order.next(last);
        yield group;
      }
      at += bytes.length;
    }
  } finally {
    await handle.close();
  }
}

async function readGroup(handle: FileHandle, at: number, size: number): Promise<Buffer> {
  const head = await readExactly(handle, at, Math.min(headBytes, size - at));
  if (head.length < headBytes) throw refused('a group is cut off');
  const length = headBytes + head.readUInt32BE(0) + head.readUInt32BE(4);
  if (at + length > size) throw refused('a group is longer than the patch');
  if (length > groupLimit) throw refused('a group is too large');
  return readExactly(handle, at, length);
}

async function readExactly(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  for (let filled = 0; filled < length;) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, at + filled);
    if (bytesRead === 0) throw refused('the file ends early');
    filled += bytesRead;
  }
  return buffer;
}

function refused(what: string): ExportError {
  return new ExportError('VERIFICATION_FAILED', `patch refused: ${what}`);
}
