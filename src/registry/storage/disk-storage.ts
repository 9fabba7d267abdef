// The registry's storage on a local disk: content by digest and small link files, no database. Several processes may use
// one folder at the same time.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDigest } from '../../core/digest.ts';
import type { Clock } from '../../core/clock.ts';
import { compareUtf8 } from '../../core/order.ts';
import { ContentStore } from './content-store.ts';
import { digestOfFile, DiskPaths } from './disk-paths.ts';
import { diskLinks } from './disk-links.ts';
import { diskScrubbable } from './disk-scrubbable.ts';
import { makeFolder } from './durable-file.ts';
import { LinkedRepository, type LinkedStorage } from './linked-repository.ts';
import { ifPresent } from './storage-error.ts';
import { sweptFolder } from './swept-folder.ts';
import type { RegistryStorage, Sweepable } from './storage.ts';
import { FileHasher } from './file-hasher.ts';
import { DiskUploads, type UploadMemory } from './upload-sessions.ts';

const defaultCacheBytes = 64 << 20;

export type DiskStorageOptions = {
  readonly clock: Clock;
  /** Memory for manifests and small blobs; 64 MiB by default. */
  readonly cacheBytes?: number;
};

/** A disk storage with its inner parts, for storages that are built on one. */
export type DiskStorage = {
  readonly storage: RegistryStorage;
  readonly linked: LinkedStorage;
  readonly content: ContentStore;
  readonly paths: DiskPaths;
};

/** Opens (and makes) the storage in `dir`. Throws STORAGE_FAILED when the folder cannot be used. */
export async function openDiskStorage(dir: string, options: DiskStorageOptions): Promise<RegistryStorage> {
  return (await openDisk(dir, options)).storage;
}

export async function openDisk(dir: string, options: DiskStorageOptions): Promise<DiskStorage> {
  const paths = new DiskPaths(dir);
  for (const folder of [paths.blobs, paths.repositories, paths.temporary]) await makeFolder(folder);
  const content = new ContentStore(paths, options.clock, options.cacheBytes ?? defaultCacheBytes);
  const memory: UploadMemory = { busy: new Set(), states: new Map(), hasher: new FileHasher() };
  const { clock } = options;
  const linked: LinkedStorage = {
    paths,
    links: diskLinks(paths.temporary, clock),
    content,
    uploads: (of) => new DiskUploads(of, paths.temporary, { content, clock, memory }),
  };
  const storage: RegistryStorage = {
    repository: (name) => new LinkedRepository(name, linked),
    repositories: async () => (await repositoriesBelow(paths.repositories, '')).sort(compareUtf8),
    content: sweptContent(paths, content),
    scrubbable: diskScrubbable(paths, content),
    leftovers: sweptFolder({
      folder: paths.temporary,
      temporary: paths.temporary,
      nameOf: (file) => file,
      pathOf: (file) => join(paths.temporary, file),
    }),
  };
  return { storage, linked, content, paths };
}

/** A folder with parts (names with "_" in front) is a repository; it may hold others. */
async function repositoriesBelow(folder: string, name: string): Promise<string[]> {
  const entries = (await ifPresent('reading a folder', () => readdir(folder, { withFileTypes: true }))) ?? [];
  const found = name !== '' && entries.some((entry) => entry.name.startsWith('_')) ? [name] : [];
  for (const entry of entries) {
    if (!entry.isDirectory() || entry.name.startsWith('_')) continue;
    const below = name === '' ? entry.name : `${name}/${entry.name}`;
    found.push(...(await repositoriesBelow(join(folder, entry.name), below)));
  }
  return found;
}

function sweptContent(paths: DiskPaths, content: ContentStore): Sweepable {
  const swept = sweptFolder({
    folder: paths.blobs,
    temporary: paths.temporary,
    depth: 2,
    nameOf: (hex) => digestOfFile(`${hex.length === 128 ? 'sha512' : 'sha256'}-${hex}`),
    pathOf: (name) => paths.blob(parseDigest(name)),
  });
  return {
    ...swept,
    async discard(name, beforeMs) {
      const gone = await swept.discard(name, beforeMs);
      if (gone) content.forget(parseDigest(name));
      return gone;
    },
  };
}
