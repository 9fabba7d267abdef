// The folder of a mirror: an OCI image layout, and beside it `.export-center/` with what only the consumer needs: where
// it was pulled from, what is half fetched, and a lock. Other programs need not know of it.

import { hostname } from 'node:os';
import { join } from 'node:path';
import { readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { digestAlgorithm, digestHex, type Digest } from '../core/digest.ts';
import { ExportError } from '../core/errors.ts';
import { openLayout, type LayoutRepository } from '../registry/layout/layout-repository.ts';
import { folderStateBytes, parseFolderState, type FolderState } from './folder-state.ts';
import { listFolder, makeFolder, readOptionalFile, writeFileDurably } from '../registry/storage/durable-file.ts';

export class MirrorFolder {
  readonly layout: LayoutRepository;
  readonly #private: string;

  private constructor(layout: LayoutRepository, privateFolder: string) {
    this.layout = layout;
    this.#private = privateFolder;
  }

  /** Takes the folder for this process; CONFLICT while another one works in it. `close` lets go. */
  static async open(dir: string, options: { readonly create: boolean }): Promise<MirrorFolder> {
    const privateFolder = join(dir, '.export-center');
    if (!options.create) await openLayout(dir);
    await makeFolder(privateFolder);
    await takeLock(join(privateFolder, 'lock'), dir);
    try {
      const layout = await openLayout(dir, options);
      await removeLeftovers(dir);
      return new MirrorFolder(layout, privateFolder);
    } catch (thrown) {
      await rm(join(privateFolder, 'lock'), { force: true });
      throw thrown;
    }
  }

  get dir(): string {
    return this.layout.dir;
  }

  /** Where an unfinished download waits. */
  partPath(digest: Digest): string {
    return join(this.#private, 'partial', fileName(digest));
  }

  /** Where a patch lies while it is applied; it is no part of the layout. */
  patchPath(digest: Digest): string {
    return join(this.#private, 'patches', fileName(digest));
  }

  /** An empty folder for files that are made on the way to a blob. */
  async workFolder(): Promise<string> {
    await this.clearWork();
    const path = join(this.#private, 'work');
    await makeFolder(path);
    return path;
  }

  async clearWork(): Promise<void> {
    await rm(join(this.#private, 'work'), { recursive: true, force: true });
  }

  /** Whether a blob of that size is there; its bytes are not looked at. */
  async has({ digest, size }: { readonly digest: Digest; readonly size: number }): Promise<boolean> {
    return (await this.layout.statBlob(digest)) === size;
  }

  /** Removes a blob whatever its bytes are; for damaged ones. */
  async drop(digest: Digest): Promise<void> {
    await rm(this.layout.blobPath(digest), { force: true });
  }

  async state(): Promise<FolderState | undefined> {
    const bytes = await readOptionalFile(join(this.#private, 'state.json'));
    return bytes && parseFolderState(bytes);
  }

  async remember(state: FolderState): Promise<void> {
    const path = join(this.#private, 'state.json');
    const bytes = folderStateBytes(state);
    if ((await readOptionalFile(path))?.equals(bytes) === true) return;
    await writeFileDurably(this.#private, path, bytes);
  }

  /** Removes downloads that nobody will take up again. */
  async clearDownloads(): Promise<void> {
    for (const name of ['partial', 'patches']) await rm(join(this.#private, name), { recursive: true, force: true });
  }

  async close(): Promise<void> {
    await rm(join(this.#private, 'lock'), { force: true });
  }
}

function fileName(digest: Digest): string {
  return `${digestAlgorithm(digest)}-${digestHex(digest)}`;
}

/** Temporary files of a process that was killed; nobody else writes here while the lock is held. */
async function removeLeftovers(dir: string): Promise<void> {
  const ours = /^(?:tmp-)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
  for (const folder of [join(dir, 'ingest'), join(dir, '.export-center')]) {
    for (const name of await listFolder(folder)) if (ours.test(name)) await unlink(join(folder, name));
  }
}

async function takeLock(path: string, dir: string): Promise<void> {
  const mine = JSON.stringify({ pid: process.pid, host: hostname() });
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      await writeFile(path, mine, { flag: 'wx' });
      return;
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw new ExportError('STORAGE_FAILED', `${dir} cannot be written to`, { cause: thrown });
      }
    }
    if (await isHeld(path)) break;
    await rm(path, { force: true });
  }
  throw new ExportError('CONFLICT', `another process works in ${dir}`, {
    hint: `wait for it, or remove ${path} when none is running`,
    retryable: true,
  });
}

/** A lock of a process that is gone, killed or of another machine, does not count. */
async function isHeld(path: string): Promise<boolean> {
  let holder: { pid?: unknown; host?: unknown };
  try {
    holder = JSON.parse(await readFile(path, 'utf8')) as typeof holder;
  } catch {
    return false;
  }
  // A container that starts again has the same name and the same process id.
  if (holder.host !== hostname() || typeof holder.pid !== 'number' || holder.pid === process.pid) return false;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}
