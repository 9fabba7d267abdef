// Which files of a folder are documents of a format, and how one becomes the content of a document.

import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { limits } from '../../core/limits.ts';
import { tooLarge } from '../json-document.ts';
import { Refused } from '../refused.ts';

export type FileKind = {
  /** Names of files that are documents. */
  readonly pattern: RegExp;
  /** The kinds for people, when a file is none of them. */
  readonly known: string;
  /** The path of the document that a file becomes. */
  readonly pathOf: (path: string) => string;
  /** Content of the document; `path` is the file's below the folder that was given. Throws Refused. */
  readonly read: (file: string | Buffer, path: string) => Promise<Buffer | string>;
  /** Whether JSON lines are documents of this kind, and not lines of `{path, text}`. */
  readonly ownsLines?: true;
};

export const jsonFiles: FileKind = {
  pattern: /\.json$/i,
  known: '.json',
  pathOf: (path) => path,
  read: readDocument,
};

/** Lists of rows, packed or not. */
export const listFiles: FileKind = {
  pattern: /\.(?:tsv|jsonl)(?:\.gz)?$/i,
  known: '.tsv, .tsv.gz',
  pathOf: (path) => path.replace(/\.gz$/i, ''),
  read: (file, path) => (/\.gz$/i.test(path) ? unpacked(file) : readDocument(file)),
  ownsLines: true,
};

/** Reads one document; throws Refused `too-large` before reading what is over the limit. */
async function readDocument(file: string | Buffer): Promise<Buffer> {
  const { size } = await stat(file);
  if (size > limits.documentBytes) throw tooLarge();
  return readFile(file);
}

async function unpacked(file: string | Buffer): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  // The callback is there because pipeline wants one; the error arrives at the iteration.
  const plain = pipeline(createReadStream(file), createGunzip(), () => undefined);
  try {
    for await (const chunk of plain as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limits.documentBytes) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (typeof code !== 'string' || !code.startsWith('Z_')) throw error;
    throw new Refused('archive-damaged', `the file cannot be unpacked: ${code}`);
  }
  return Buffer.concat(chunks, size);
}
