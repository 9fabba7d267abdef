// A folder as gzipped JSON lines `{"path","text"}`, the form in which it travels to a service on another machine. Bytes
// that are not UTF-8 travel as they are, so that the service refuses the document as it would have from the folder.

import { createReadStream } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { compareUtf8 } from '../core/order.ts';

/** The files below `folder`, sorted, packed while they are read. Links are not followed. */
export function folderLines(folder: string): AsyncIterable<Uint8Array> {
  const source = Readable.from(writeLines(folder), { objectMode: false });
  const gzip = createGzip({ level: 6 });
  source.on('error', (error) => gzip.destroy(error));
  gzip.on('close', () => source.destroy());
  return source.pipe(gzip);
}

async function* writeLines(folder: string): AsyncGenerator<Buffer> {
  for await (const path of filesBelow(folder, '')) {
    yield Buffer.from(`{"path":${JSON.stringify(path)},"text":"`, 'utf8');
    for await (const chunk of createReadStream(join(folder, path)) as AsyncIterable<Buffer>) yield escaped(chunk);
    yield Buffer.from('"}\n', 'utf8');
  }
}

async function* filesBelow(folder: string, prefix: string): AsyncGenerator<string> {
  const entries = [];
  for await (const entry of await opendir(join(folder, prefix))) entries.push(entry);
  entries.sort((a, b) => compareUtf8(a.name, b.name));
  for (const entry of entries) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) yield* filesBelow(folder, path);
    else if (entry.isFile()) yield path;
  }
}

/** The bytes as the inside of a JSON string. As Latin-1 only quote, backslash and controls are escaped, byte by byte. */
function escaped(chunk: Buffer): Buffer {
  return Buffer.from(JSON.stringify(chunk.toString('latin1')).slice(1, -1), 'latin1');
}
