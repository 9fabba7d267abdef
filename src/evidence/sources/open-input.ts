// FROM of `ingest` → an open input: a folder, one document, `.zip`, `.jsonl` or `.jsonl.gz` (contract.md).

import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { ExportError } from '../../core/errors.ts';
import { Refused } from '../refused.ts';
import { openFolder, readDocument } from './folder.ts';
import { messageOf, refuseFile, type Input, type InputItem } from './item.ts';
import { openJsonl } from './jsonl.ts';
import { openZip } from './zip.ts';

/** Opens a local file or folder; throws NOT_FOUND. A kind of file that is not known becomes a refusal of that file. */
export async function openInput(from: string): Promise<Input> {
  const found = await stat(from).catch((cause: unknown) => {
    throw new ExportError('NOT_FOUND', `${from} is not there`, { hint: 'give a file, a folder or a URL', cause });
  });
  if (found.isDirectory()) return openFolder(from);
  const name = basename(from).toLowerCase();
  if (name.endsWith('.zip')) return openZip(from);
  if (name.endsWith('.jsonl')) return openJsonl(from, false);
  if (name.endsWith('.jsonl.gz')) return openJsonl(from, true);
  return { items: singleItem(from, name), bytesRead: () => found.size, totalBytes: found.size };
}

async function* singleItem(file: string, name: string): AsyncGenerator<InputItem> {
  if (!name.endsWith('.json')) {
    const known = '.json, .jsonl, .jsonl.gz, .zip or a folder';
    yield refuseFile(
      file,
      new Refused('unknown-format', `the kind of ${basename(file)} is not known; known are ${known}`),
    );
    return;
  }
  try {
    yield { op: 'put', path: basename(file), content: await readDocument(file) };
  } catch (error) {
    const reason = error instanceof Refused ? error : new Refused('read-error', messageOf(error));
    yield refuseFile(file, reason);
  }
}
