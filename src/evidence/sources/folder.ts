// A folder of documents: every `*.json` below it, in bytewise order within each folder. Symbolic links are not followed,
// hidden files and folders (such as `.git`) are not looked at.

import { readdir, readFile, stat } from 'node:fs/promises';
import { limits } from '../../core/limits.ts';
import { tooLarge } from '../json-document.ts';
import { excerpt, Refused } from '../refused.ts';
import { messageOf, type Input, type InputItem } from './item.ts';

type Progress = { bytes: number };

export function openFolder(folder: string): Input {
  const progress = { bytes: 0 };
  return {
    items: folderItems(Buffer.from(folder), Buffer.alloc(0), progress),
    bytesRead: () => progress.bytes,
    totalBytes: undefined,
  };
}

/** Names are bytes on disk, and a name that is not UTF-8 must be refused and not guessed at. */
async function* folderItems(root: Buffer, below: Buffer, progress: Progress): AsyncGenerator<InputItem> {
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
    if (entry.isDirectory()) yield* folderItems(root, path, progress);
    else if (/\.json$/i.test(entry.name.toString('latin1'))) yield await fileItem(root, path, entry, progress);
  }
}

async function fileItem(
  root: Buffer,
  path: Buffer,
  entry: { isFile(): boolean; isSymbolicLink(): boolean },
  progress: Progress,
): Promise<InputItem> {
  const name = path.toString('utf8');
  const refuse = (reason: Refused, incomplete = false): InputItem => {
    return { op: 'refuse', path: name, reason, incomplete };
  };
  if (!Buffer.from(name).equals(path)) return refuse(new Refused('bad-path', `${excerpt(name)} is not valid UTF-8`));
  if (entry.isSymbolicLink()) return refuse(new Refused('bad-path', 'symbolic links are not followed'));
  if (!entry.isFile()) return refuse(new Refused('bad-path', 'not a regular file'));
  try {
    const content = await readDocument(join(root, path));
    progress.bytes += content.length;
    return { op: 'put', path: name, content };
  } catch (error) {
    if (error instanceof Refused) return refuse(error);
    return refuse(new Refused('read-error', `the file cannot be read: ${messageOf(error)}`), true);
  }
}

/** Reads one document; throws Refused `too-large` before reading what is over the limit. */
export async function readDocument(file: string | Buffer): Promise<Buffer> {
  const { size } = await stat(file);
  if (size > limits.documentBytes) throw tooLarge();
  return readFile(file);
}

function join(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from('/'), name]);
}
