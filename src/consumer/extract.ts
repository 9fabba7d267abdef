// `extract`: the documents of a bundle as files `<c>/<k>`, of json:raw byte for byte, of a mirror in canonical form
// (formats.md §7). Everything is written beside first, so a refused key leaves nothing, and then moved into place.

import { randomUUID } from 'node:crypto';
import { lstat, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExportError } from '../core/errors.ts';
import { isRaw, stateLines } from '../profiles/sharded/read.ts';
import { onDisk, systemCode } from '../registry/storage/storage-error.ts';
import type { StateLine } from '../shard/line.ts';
import { extractPath } from './extract-path.ts';
import { withBundle } from './open-bundle.ts';
import { rawText } from './raw-text.ts';
import type { ExtractResult, NetworkOptions } from './types.ts';

/** Errors: INPUT_INVALID for a key that cannot be a file, CONFLICT where `out` has something else in its place. */
export async function extract(source: string, out: string, network: NetworkOptions): Promise<ExtractResult> {
  await onDisk('making a folder', () => mkdir(out, { recursive: true }));
  const extraction = new Extraction(out);
  try {
    const pages = withBundle(source, network, async function* ({ source: { reader }, bundle }) {
      const raw = isRaw(bundle);
      for await (const page of stateLines(reader, bundle)) yield { page, raw };
    });
    for await (const { page, raw } of pages) await extraction.stage(page, raw);
    return await extraction.finish();
  } finally {
    await extraction.close();
  }
}

class Extraction {
  readonly #out: string;
  readonly #staging: string;
  /** Relative paths, in order. */
  readonly #files: string[][] = [];
  readonly #stagedFolders = new Set<string>();
  readonly #checkedFolders = new Set<string>();
  #bytes = 0;

  constructor(out: string) {
    this.#out = out;
    // A collection never begins with a dot, so no document can have this name.
    this.#staging = join(out, `.extract-${randomUUID()}`);
  }

  async stage(page: readonly StateLine[], raw: boolean): Promise<void> {
    for (const line of page) {
      const parts = extractPath(line);
      const bytes = raw ? rawText(line.v) : line.v;
      const folder = join(this.#staging, ...parts.slice(0, -1));
      await this.#placing(parts, async () => {
        if (!this.#stagedFolders.has(folder)) await mkdir(folder, { recursive: true });
        this.#stagedFolders.add(folder);
        await writeFile(join(this.#staging, ...parts), bytes, { flag: 'wx' });
      });
      this.#files.push(parts);
      this.#bytes += bytes.length;
    }
  }

  async finish(): Promise<ExtractResult> {
    for (const parts of this.#files) {
      await this.#placing(parts, async () => {
        await this.#makeFolders(parts.slice(0, -1));
        await rename(join(this.#staging, ...parts), join(this.#out, ...parts));
      });
    }
    return { documents: this.#files.length, bytes: this.#bytes };
  }

  close(): Promise<void> {
    return rm(this.#staging, { recursive: true, force: true });
  }

  /** Folder by folder, because a link among them could lead anywhere. */
  async #makeFolders(parts: readonly string[]): Promise<void> {
    let path = this.#out;
    for (const part of parts) {
      path = join(path, part);
      if (this.#checkedFolders.has(path)) continue;
      await mkdir(path).catch((thrown: unknown) => {
        if (systemCode(thrown) !== 'EEXIST') throw thrown;
      });
      if (!(await lstat(path)).isDirectory()) throw inTheWay(path);
      this.#checkedFolders.add(path);
    }
  }

  /** One key may be a file where another needs a folder; both cannot be. */
  async #placing(parts: readonly string[], work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      const code = systemCode(thrown) ?? '';
      if (['EEXIST', 'ENOTDIR', 'EISDIR', 'ENOTEMPTY'].includes(code))
        throw inTheWay(join(this.#out, ...parts), thrown);
      await onDisk('writing a document', () => Promise.reject(thrown));
    }
  }
}

function inTheWay(path: string, cause?: unknown): ExportError {
  return new ExportError('CONFLICT', `${path} cannot be written: something else is in its place`, {
    hint: 'extract into an empty folder; links are not followed',
    cause,
  });
}
