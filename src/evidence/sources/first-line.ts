// What JSON lines hold: documents with their paths, or rows of a list. The first line says it.

import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { splitLines } from './lines.ts';

/** A row is short, and so is the part of a document's line that has its path. */
const firstBytes = 64 << 10;

/** True unless the first line of `file` is an object with a `path`, which rows have not. */
export async function isRowFile(file: string, packed: boolean): Promise<boolean> {
  const source = createReadStream(file);
  const gunzip = packed ? source.pipe(createGunzip()) : undefined;
  source.on('error', (error) => gunzip?.destroy(error));
  try {
    for await (const { bytes } of splitLines((gunzip ?? source) as AsyncIterable<Buffer>, firstBytes)) {
      if (bytes === undefined) return false;
      if (bytes.length > 0) return !hasPath(bytes.toString('utf8'));
    }
    return true;
  } catch {
    // Whoever reads it next says what is wrong with it.
    return true;
  } finally {
    source.destroy();
    gunzip?.destroy();
  }
}

function hasPath(line: string): boolean {
  try {
    const value = JSON.parse(line) as unknown;
    return typeof value === 'object' && value !== null && Object.hasOwn(value, 'path');
  } catch {
    return false;
  }
}
