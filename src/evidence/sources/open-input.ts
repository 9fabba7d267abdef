// FROM of `ingest` → an open input: a folder, one document, `.zip`, `.jsonl` or `.jsonl.gz` (contract.md); which files are
// documents depends on the format.

import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { ExportError } from '../../core/errors.ts';
import { Refused } from '../refused.ts';
import type { FileKind } from './file-kind.ts';
import { openFolder } from './folder.ts';
import { messageOf, refuseFile, type Input, type InputItem } from './item.ts';
import { isRowFile } from './first-line.ts';
import { openJsonl } from './jsonl.ts';
import { openZip } from './zip.ts';

/** Opens a local file or folder; throws NOT_FOUND. A kind of file that is not known becomes a refusal of that file. */
export async function openInput(from: string, kind: FileKind): Promise<Input> {
  const found = await stat(from).catch((cause: unknown) => {
    throw new ExportError('NOT_FOUND', `${from} is not there`, { hint: 'give a file, a folder or a URL', cause });
  });
  if (found.isDirectory()) return openFolder(from, kind);
  const name = basename(from);
  const packed = /\.jsonl\.gz$/i.test(name);
  if ((packed || /\.jsonl$/i.test(name)) && !(kind.ownsLines && (await isRowFile(from, packed)))) {
    return openJsonl(from, packed);
  }
  if (/\.zip$/i.test(name)) return openZip(from);
  return { items: singleItem(from, kind), bytesRead: () => found.size, totalBytes: found.size };
}

async function* singleItem(file: string, kind: FileKind): AsyncGenerator<InputItem> {
  const name = basename(file);
  if (!kind.pattern.test(name)) {
    const known = `${kind.known}, .jsonl, .jsonl.gz, .zip or a folder`;
    yield refuseFile(file, new Refused('unknown-format', `the kind of ${name} is not known; known are ${known}`));
    return;
  }
  try {
    yield { op: 'put', path: kind.pathOf(name), content: await kind.read(file, name) };
  } catch (error) {
    const reason = error instanceof Refused ? error : new Refused('read-error', messageOf(error));
    yield refuseFile(file, reason);
  }
}
