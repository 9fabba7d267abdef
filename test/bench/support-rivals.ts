// What the product is compared with: the zstd program's difference of whole states, desync's chunks, and an unmodified
// oras that copies into a layout.

import { createWriteStream } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stateLines } from '../../src/profiles/sharded/read.ts';
import { findJudge, judge } from '../judges.ts';
import { mustRun } from '../support/run-program.ts';
import type { Publisher } from './support-publisher.ts';

/** All lines of the newest state, sorted, as one file. */
export async function writeState(publisher: Publisher, file: string): Promise<string> {
  const { repository } = publisher;
  const lines = stateLines(repository, await publisher.bundle());
  await pipeline(
    Readable.from(lines, { objectMode: true }),
    async function* (pages: AsyncIterable<readonly { readonly line: Buffer }[]>) {
      for await (const page of pages) yield Buffer.concat(page.map(({ line }) => line));
    },
    createWriteStream(file),
  );
  return file;
}

/** Bytes of `zstd -9 --long=27 --patch-from OLD NEW`. */
export async function patchFromBytes(old: string, now: string): Promise<number> {
  const out = `${now}.patch`;
  await mustRun(judge('zstd'), ['-q', '-f', '-9', '--long=27', `--patch-from=${old}`, now, '-o', out]);
  return (await stat(out)).size;
}

/** Bytes of `zstd -9 FILE`. */
export async function zstdBytes(file: string): Promise<number> {
  const out = `${file}.zst`;
  await mustRun(judge('zstd'), ['-q', '-f', '-9', file, '-o', out]);
  return (await stat(out)).size;
}

/** Bytes that desync adds to its chunk store for a file, index included; undefined where desync is not there. */
export async function desyncBytes(store: string, file: string): Promise<number | undefined> {
  const desync = findJudge('desync');
  if (desync === undefined) return undefined;
  await mkdir(store, { recursive: true });
  const before = await folderBytes(store);
  const index = `${file}.caibx`;
  await mustRun(desync, ['make', '-s', store, index, file]);
  return (await folderBytes(store)) - before + (await stat(index)).size;
}

async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return bytes;
}

export type Copied = { readonly bytes: number; readonly digests: readonly string[] };

/** `oras cp -r … --to-oci-layout`: what is new in the layout. */
export async function orasCopy({ mirror }: Publisher, layout: string): Promise<Copied> {
  const before = new Set(await blobNames(layout));
  await mustRun(judge('oras'), ['cp', '-r', '--no-tty', `${mirror}:latest`, '--to-oci-layout', `${layout}:latest`]);
  const fresh = (await blobNames(layout)).filter((name) => !before.has(name));
  const sizes = await Promise.all(fresh.map(async (name) => (await stat(join(layout, 'blobs', 'sha256', name))).size));
  return { bytes: sizes.reduce((sum, size) => sum + size, 0), digests: fresh.map((name) => `sha256:${name}`) };
}

function blobNames(layout: string): Promise<string[]> {
  return readdir(join(layout, 'blobs', 'sha256')).catch(() => []);
}
