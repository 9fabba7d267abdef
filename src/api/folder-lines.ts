// A folder as gzipped JSON lines `{"path","text"}`, the form in which it travels to a service on another machine. What
// the folder's reader refuses, and what no JSON text can hold, travels as its reason: the service then refuses the
// document by its path, so that it counts as present (formats.md §11), and the sender puts its own reason back.

import { isUtf8 } from 'node:buffer';
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { ExportError } from '../core/errors.ts';
import type { FileKind } from '../evidence/sources/file-kind.ts';
import { openFolder } from '../evidence/sources/folder.ts';
import type { InputItem } from '../evidence/sources/item.ts';
import type { Refusal } from '../evidence/types.ts';

/** The documents of a kind below `folder`, packed while they are read; what is refused here is added to `refused`. */
export function folderLines(folder: string, kind: FileKind, refused: Refusal[]): AsyncIterable<Uint8Array> {
  const source = Readable.from(writeLines(folder, kind, refused), { objectMode: false });
  const gzip = createGzip({ level: 6 });
  source.on('error', (error) => gzip.destroy(error));
  gzip.on('close', () => source.destroy());
  return source.pipe(gzip);
}

async function* writeLines(folder: string, kind: FileKind, refused: Refusal[]): AsyncGenerator<Buffer> {
  for await (const item of openFolder(folder, kind).items) {
    const text = textOf(item);
    if (typeof text !== 'string') refused.push(text);
    const line = { path: item.path, text: typeof text === 'string' ? text : `refused by the sender: ${text.message}` };
    yield Buffer.from(`${JSON.stringify(line)}\n`, 'utf8');
  }
}

function textOf(item: InputItem): string | Refusal {
  const { path } = item;
  if (item.op === 'put') {
    if (typeof item.content === 'string') return item.content;
    if (isUtf8(item.content)) return item.content.toString('utf8');
    return { path, code: 'not-utf8', message: 'the document is not valid UTF-8' };
  }
  if (item.op === 'refuse' && !item.incomplete) return { path, code: item.reason.code, message: item.reason.message };
  // Sending the rest would look to the service as if the unread part were gone.
  const reason = item.op === 'refuse' ? item.reason.message : 'not a document';
  throw new ExportError('INPUT_INVALID', `${path} cannot be sent: ${reason}`);
}
