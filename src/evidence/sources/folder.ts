// A folder of documents: every file below it that is one by its name, in bytewise order within each folder. Symbolic links
// are not followed, hidden files and folders (such as `.git`) are not looked at.

import { readdir } from 'node:fs/promises';
import { excerpt, Refused } from '../refused.ts';
import type { FileKind } from './file-kind.ts';
import { messageOf, type Input, type InputItem } from './item.ts';

type Walk = { readonly root: Buffer; readonly kind: FileKind; bytes: number };

export function openFolder(folder: string, kind: FileKind): Input {
  const walk: Walk = { root: Buffer.from(folder), kind, bytes: 0 };
  return {
    items: folderItems(walk, Buffer.alloc(0)),
    bytesRead: () => walk.bytes,
    totalBytes: undefined,
  };
}

/** Names are bytes on disk, and a name that is not UTF-8 must be refused and not guessed at. */
async function* folderItems(walk: Walk, below: Buffer): AsyncGenerator<InputItem> {
  const { root, kind } = walk;
  const folder = below.length === 0 ? root : join(root, below);
  let entries;
  try {
    entries = await readdir(folder, { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    const reason = new Refused('read-error', `the folder cannot be read: ${messageOf(error)}`);
    yield { op: 'refuse', path: below.toString('utf8') || '.', reason, incomplete: true };
    return;
  }
  entries.sort((a, b) => Buffer.compare(a.name, b.name));
  for (const entry of entries) {
    if (entry.name[0] === 0x2e) continue;
    const path = below.length === 0 ? entry.name : join(below, entry.name);
    if (entry.isDirectory()) yield* folderItems(walk, path);
    else if (kind.pattern.test(entry.name.toString('latin1'))) yield await fileItem(walk, path, entry);
  }
}

async function fileItem(
  walk: Walk,
  path: Buffer,
  entry: { isFile(): boolean; isSymbolicLink(): boolean },
): Promise<InputItem> {
  const { root, kind } = walk;
  const file = path.toString('utf8');
  const name = kind.pathOf(file);
  const refuse = (reason: Refused, incomplete = false): InputItem => {
    return { op: 'refuse', path: name, reason, incomplete };
  };
  if (!Buffer.from(file).equals(path)) return refuse(new Refused('bad-path', `${excerpt(name)} is not valid UTF-8`));
  if (entry.isSymbolicLink()) return refuse(new Refused('bad-path', 'symbolic links are not followed'));
  if (!entry.isFile()) return refuse(new Refused('bad-path', 'not a regular file'));
  try {
    const content = await kind.read(join(root, path), file);
    walk.bytes += content.length;
    return { op: 'put', path: name, content };
  } catch (error) {
    if (error instanceof Refused) return refuse(error);
    return refuse(new Refused('read-error', `the file cannot be read: ${messageOf(error)}`), true);
  }
}

function join(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from('/'), name]);
}
