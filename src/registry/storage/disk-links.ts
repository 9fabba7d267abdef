// Links as small files. Removing one beside running pushes: see swept-folder.ts.

import type { Clock } from '../../core/clock.ts';
import {
  listFolder,
  markFile,
  readSmallFile,
  removeFile,
  statOptionalFile,
  touchFile,
  writeFileDurably,
} from './durable-file.ts';
import type { LinkStore } from './link-store.ts';
import { discardFile, sweptFolder } from './swept-folder.ts';

/** `temporary` is a folder on the same file system as the links. */
export function diskLinks(temporary: string, clock: Clock): LinkStore {
  return {
    read: readSmallFile,
    has: async (path) => (await statOptionalFile(path)) !== undefined,
    write: (path, bytes) => writeFileDurably(temporary, path, bytes),
    mark: async (path) => void (await markFile(path, clock)),
    touch: (path) => touchFile(path, clock),
    remove: removeFile,
    list: listFolder,
    async anyOf(folders) {
      for (const folder of folders) if (await statOptionalFile(folder)) return true;
      return false;
    },
    discard: (path, beforeMs) => discardFile(path, temporary, beforeMs),
    swept: (part) => sweptFolder({ ...part, temporary }),
  };
}
