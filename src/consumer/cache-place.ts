// One database of a Trivy cache: it and its metadata.json lie in a folder of their own, and what Trivy sees is a link to it
// that is replaced in one step. Whoever is killed leaves the old database or the new one, never half of one.

import { randomUUID } from 'node:crypto';
import { chown, lstat, mkdir, open, readdir, readlink, rename, rm, stat, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { makeFolder, syncFolder } from '../registry/storage/durable-file.ts';
import { onDisk } from '../registry/storage/storage-error.ts';

export class CachePlace {
  readonly #cache: string;
  readonly #name: string;
  /** Folder of this database alone, below the cache's `.export-center`. */
  readonly #folder: string;
  readonly #store: string;
  readonly #owner: { readonly uid: number; readonly gid: number };
  #isShown = false;

  private constructor(cache: string, name: string, owner: { uid: number; gid: number }) {
    this.#cache = cache;
    this.#name = name;
    this.#store = join(cache, '.export-center');
    this.#folder = `${name}-${randomUUID()}`;
    this.#owner = owner;
  }

  /** `name` is the folder that Trivy looks for in `cache`, which is made when it is not there. */
  static async open(cache: string, name: string): Promise<CachePlace> {
    await makeFolder(cache);
    const { uid, gid } = await stat(cache);
    const place = new CachePlace(cache, name, { uid, gid });
    await onDisk('making a folder', async () => {
      await mkdir(join(place.#store, place.#folder), { recursive: true, mode: 0o755 });
      await place.#own(place.#store);
      await place.#own(join(place.#store, place.#folder));
    });
    return place;
  }

  async write(name: string, pieces: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<void> {
    const path = join(this.#store, this.#folder, name);
    await onDisk('writing a cache', async () => {
      await using file = await open(path, 'wx', 0o644);
      for await (const piece of pieces) {
        for (let at = 0; at < piece.length;) at += (await file.write(piece, at)).bytesWritten;
      }
      await file.sync();
    });
    await this.#own(path);
  }

  /** Makes the folder the one that Trivy sees. */
  async show(): Promise<void> {
    const shown = join(this.#cache, this.#name);
    const link = join(this.#store, `${this.#folder}.link`);
    await onDisk('switching a cache', async () => {
      await syncFolder(join(this.#store, this.#folder));
      await symlink(join('.export-center', this.#folder), link);
      // A folder that Trivy made itself gives way to the link once; there is no way to exchange the two in one step.
      const before = await lstat(shown).catch(() => undefined);
      if (before?.isDirectory()) await rename(shown, join(this.#store, `${this.#folder}.before`));
      await rename(link, shown);
      await syncFolder(this.#cache);
    });
    this.#isShown = true;
  }

  /** Removes what is not shown; before anything is shown, only what this process made. */
  async clear(): Promise<void> {
    if (!this.#isShown) return rm(join(this.#store, this.#folder), { recursive: true, force: true });
    const shown = basename(await readlink(join(this.#cache, this.#name)));
    for (const name of await readdir(this.#store)) {
      if (name === shown || !name.startsWith(`${this.#name}-`)) continue;
      await rm(join(this.#store, name), { recursive: true, force: true });
    }
  }

  /** What a service that runs as root writes belongs to whoever the cache belongs to. */
  async #own(path: string): Promise<void> {
    const { uid, gid } = this.#owner;
    if (process.getuid?.() === 0) await chown(path, uid, gid);
  }
}
