// A `.zip` of documents, as osv.dev publishes them (`all.zip`): every `*.json` in it. The central directory is trusted
// for nothing: sizes are enforced while reading, checksums compared, names checked, and bombs refused before inflating.

import { crc32, inflateRaw, inflateRawSync } from 'node:zlib';
import { promisify } from 'node:util';
import { basename } from 'node:path';
import { open, stat } from 'node:fs/promises';
import { fromRandomAccessReaderPromise, type Entry, type ZipFile } from 'yauzl';
import { limits } from '../../core/limits.ts';
import { checkDocumentPath } from '../document-path.ts';
import { tooLarge } from '../json-document.ts';
import { excerpt, Refused } from '../refused.ts';
import { messageOf, refuseFile, type Input, type InputItem } from './item.ts';
import { WindowReader } from './window-reader.ts';

/** Up to here nothing is taken for a bomb. */
const ratioFrom = 1 << 20;
/** Fewer compressed bytes than this are inflated at once; another thread costs more. */
const inflateHere = 64 << 10;
const symlinkMode = 0o120000;
const fileTypeMask = 0o170000;

const inflateElsewhere = promisify(inflateRaw);

const decoder = new TextDecoder('utf-8', { fatal: true });

export async function openZip(file: string): Promise<Input> {
  const { size } = await stat(file);
  const progress = { bytes: 0 };
  return { items: zipItems(file, size, progress), bytesRead: () => progress.bytes, totalBytes: size };
}

type Progress = { bytes: number };

type Archive = { readonly zip: ZipFile; readonly reader: WindowReader };

async function* zipItems(file: string, size: number, progress: Progress): AsyncGenerator<InputItem> {
  const reader = new WindowReader(await open(file));
  let archive: Archive;
  try {
    // Names stay bytes: yauzl's own decoding turns backslashes into slashes and ends the archive at a bad name.
    const options = { lazyEntries: true, autoClose: false, decodeStrings: false };
    archive = { reader, zip: await fromRandomAccessReaderPromise(reader, size, options) };
  } catch (error) {
    reader.close(() => undefined);
    yield refuseFile(file, damaged(`${basename(file)} is no zip archive: ${messageOf(error)}`));
    return;
  }
  try {
    yield* entriesOf(archive, size, progress);
  } catch (error) {
    yield refuseFile(file, error instanceof Refused ? error : damaged(messageOf(error)));
  } finally {
    archive.zip.close();
  }
}

/** Bounds of what is wanted from an archive. */
export type EntryBounds = { readonly entryBytes: number; readonly entries: number };

/**
 * The entries of an archive whose names `wants` takes; beyond the bounds they are left out. Throws Refused
 * `archive-damaged` for what is no zip.
 */
export async function readEntries(
  file: string | Buffer,
  wants: (name: string) => boolean,
  bounds: EntryBounds,
): Promise<Map<string, Buffer>> {
  const handle = await open(file);
  const { size } = await handle.stat();
  const reader = new WindowReader(handle);
  const found = new Map<string, Buffer>();
  try {
    const options = { lazyEntries: true, autoClose: false, decodeStrings: false };
    const zip = await fromRandomAccessReaderPromise(reader, size, options);
    let entries = 0;
    for await (const entry of zip.eachEntry()) {
      if (++entries > limits.inputEntries) break;
      const name = entry.fileNameRaw.toString('utf8');
      if (!wants(name) || entry.uncompressedSize > bounds.entryBytes || found.size === bounds.entries) continue;
      found.set(name, await readEntry({ zip, reader }, entry));
    }
  } catch (error) {
    throw error instanceof Refused ? error : damaged(`the file is no zip archive: ${messageOf(error)}`);
  } finally {
    reader.close(() => undefined);
  }
  return found;
}

async function* entriesOf(archive: Archive, size: number, progress: Progress): AsyncGenerator<InputItem> {
  let entries = 0;
  let inflated = 0;
  for await (const entry of archive.zip.eachEntry()) {
    if (++entries > limits.inputEntries) {
      throw new Refused('too-large', `the archive has more than ${limits.inputEntries} entries`);
    }
    const item = await entryItem(archive, entry);
    progress.bytes = Math.min(size, progress.bytes + entry.compressedSize);
    if (item?.op === 'put') inflated += item.content.length;
    // Over the whole archive too, because entries may overlap.
    if (inflated > limits.inputBytes || (inflated > ratioFrom && inflated > limits.inputRatio * size)) {
      throw new Refused('too-large', `the archive expands to more than ${limits.inputRatio} times its size`);
    }
    if (item !== undefined) yield item;
  }
}

async function entryItem(archive: Archive, entry: Entry): Promise<InputItem | undefined> {
  const name = entry.fileNameRaw.toString('utf8');
  // Folders have entries too.
  if (!/\.json$/i.test(name)) return undefined;
  try {
    checkName(entry, name);
    return { op: 'put', path: name, content: await readEntry(archive, entry) };
  } catch (error) {
    const reason = error instanceof Refused ? error : damaged(messageOf(error));
    return { op: 'refuse', path: name, reason, incomplete: false };
  }
}

function checkName(entry: Entry, name: string): void {
  try {
    decoder.decode(entry.fileNameRaw);
  } catch {
    throw new Refused('bad-path', `the name ${excerpt(name)} is not valid UTF-8`);
  }
  checkDocumentPath(name);
  // On some systems a separator, and then it may lead out of the folder.
  if (name.includes('\\')) throw new Refused('bad-path', `the name ${excerpt(name)} holds a backslash`);
  const mode = entry.externalFileAttributes >>> 16;
  if ((mode & fileTypeMask) === symlinkMode) throw new Refused('bad-path', 'the entry is a symbolic link');
}

async function readEntry({ zip, reader }: Archive, entry: Entry): Promise<Buffer> {
  const { uncompressedSize, compressedSize } = entry;
  if (uncompressedSize > limits.documentBytes) throw tooLarge();
  if (uncompressedSize > ratioFrom && uncompressedSize > limits.inputRatio * compressedSize) {
    throw new Refused('too-large', `the entry expands to more than ${limits.inputRatio} times its size`);
  }
  if (entry.isEncrypted()) throw damaged('the entry is encrypted');
  if (compressedSize > limits.documentBytes) throw damaged('the entry is larger than what it holds');
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
  const content = await decompress(entry, await reader.readAt(compressedSize, fileDataStart));
  if (content.length !== uncompressedSize) throw damaged('the entry has not the size that the archive says');
  if (crc32(content) !== entry.crc32) throw damaged('the checksum of the entry does not match');
  return content;
}

async function decompress(entry: Entry, data: Buffer): Promise<Buffer> {
  // A copy, because the reader's window would stay in memory as long as the document.
  if (entry.compressionMethod === 0) return Buffer.from(data);
  if (entry.compressionMethod !== 8) throw damaged(`the compression method ${entry.compressionMethod} is not known`);
  const options = { maxOutputLength: Math.max(1, entry.uncompressedSize) };
  return data.length < inflateHere ? inflateRawSync(data, options) : inflateElsewhere(data, options);
}

function damaged(message: string): Refused {
  return new Refused('archive-damaged', message);
}
