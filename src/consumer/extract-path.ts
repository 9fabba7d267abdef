// Where a document goes below the folder that it is extracted to. Keys come from outside and must not lead out of it.

import { sep } from 'node:path';
import { ExportError } from '../core/errors.ts';
import type { RecordKey } from '../core/order.ts';

const component = /^[a-z0-9][a-z0-9._-]*$/;
const longestName = 255;

/** The parts of `<c>/<k>`. Throws INPUT_INVALID for keys that are absolute or have empty, `.` or `..` parts. */
export function extractPath({ c, k }: RecordKey): string[] {
  const folders = c.split('/');
  if (!folders.every((part) => component.test(part))) throw refused(c, k, 'its collection is no valid name');
  if (k.startsWith('/')) throw refused(c, k, 'it is absolute');
  const parts = k.split('/');
  for (const part of parts) {
    if (part === '') throw refused(c, k, 'it has an empty part');
    if (part === '.' || part === '..') throw refused(c, k, `it has the part ${part}`);
    if (part.includes('\0') || (sep === '\\' && /[\\:]/.test(part))) throw refused(c, k, 'it is no file name here');
    if (Buffer.byteLength(part) > longestName) throw refused(c, k, `it has a part of more than ${longestName} bytes`);
  }
  return [...folders, ...parts];
}

function refused(c: string, k: string, why: string): ExportError {
  return new ExportError(
    'INPUT_INVALID',
    `the key ${JSON.stringify(k.slice(0, 200))} of ${c} cannot be a file: ${why}`,
    {
      hint: 'nothing was written; read the records with mirror records instead',
    },
  );
}
