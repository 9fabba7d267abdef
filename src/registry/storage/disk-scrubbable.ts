// Content on a disk as the scrub sees it. Taking aside is a rename; what was renamed is hashed once more, because somebody
// may have stored intact bytes in between, and those are put back.

import { createReadStream } from 'node:fs';
import { link, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { digestAlgorithm, Digester, type Digest } from '../../core/digest.ts';
import type { ContentStore } from './content-store.ts';
import type { DiskPaths } from './disk-paths.ts';
import { makeFolder, statOptionalFile, syncFolder } from './durable-file.ts';
import { ifPresent, onDisk, systemCode } from './storage-error.ts';
import type { Scrubbable } from './storage.ts';

const readBytes = 1 << 20;

export function diskScrubbable(paths: DiskPaths, content: ContentStore): Scrubbable {
  return {
    has: async (digest) => (await statOptionalFile(paths.blob(digest))) !== undefined,
    async open(digest) {
      if (!(await statOptionalFile(paths.blob(digest)))) return undefined;
      return createReadStream(paths.blob(digest), { highWaterMark: readBytes }) as AsyncIterable<Buffer>;
    },
    async quarantine(digest) {
      const [path, aside] = [paths.blob(digest), paths.quarantined(digest)];
      await makeFolder(paths.quarantine);
      const moved = await ifPresent('taking content aside', async () => {
        await rename(path, aside);
        return true;
      });
      content.forget(digest);
      if (!moved) return true;
      const intact = await isIntact(aside, digest);
      if (intact) await putBack(aside, path);
      await onDisk('taking content aside', async () => {
        await syncFolder(paths.quarantine);
        await syncFolder(dirname(path));
      });
      return !intact;
    },
  };
}

async function isIntact(path: string, digest: Digest): Promise<boolean> {
  const digester = new Digester(digestAlgorithm(digest));
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: readBytes })) digester.update(chunk as Buffer);
  } catch {
    return false;
  }
  return digester.digest() === digest;
}

async function putBack(aside: string, path: string): Promise<void> {
  await onDisk('putting content back', async () => {
    try {
      await link(aside, path);
    } catch (thrown) {
      // Somebody stored it anew in between; theirs is as good.
      if (systemCode(thrown) !== 'EEXIST') throw thrown;
    }
    await unlink(aside);
  });
}
