// Links as small objects, under the keys that disk-paths.ts gives them.

import { limits } from '../../../core/limits.ts';
import type { LinkStore, SweptPart } from '../link-store.ts';
import type { Sweepable } from '../storage.ts';
import type { S3Bucket } from './s3-bucket.ts';
import type { S3Touches } from './s3-touches.ts';

const noBytes = Buffer.alloc(0);

export function s3Links(bucket: S3Bucket, touches: S3Touches): LinkStore {
  return {
    async read(path) {
      const found = await bucket.get(path);
      return found?.response.bytes(limits.manifestBytes);
    },
    has: async (path) => (await bucket.head(path)) !== undefined,
    write: (path, bytes) => touches.store(path, () => bucket.put(path, bytes)),
    async mark(path) {
      if (!(await touches.touch(path))) await touches.store(path, () => bucket.put(path, noBytes));
    },
    touch: (path) => touches.touch(path),
    async remove(path) {
      if (!(await bucket.head(path))) return false;
      await bucket.delete(path);
      return true;
    },
    async list(folder) {
      const names: string[] = [];
      for await (const name of bucket.names(folder)) if (!name.endsWith('/')) names.push(name);
      return names;
    },
    async anyOf(folders) {
      for (const folder of folders) if (await bucket.any(`${folder}/`)) return true;
      return false;
    },
    discard: (path, beforeMs) => touches.discard(path, beforeMs),
    swept: (part) => sweptObjects(part, bucket, touches),
  };
}

/** Objects below a folder, as the sweep sees them. */
export function sweptObjects(part: SweptPart, bucket: S3Bucket, touches: S3Touches): Sweepable {
  const depth = part.depth ?? 0;
  return {
    async *list() {
      const touched = await touches.newestBelow(part.folder);
      for await (const { key, size, modifiedAtMs } of bucket.list(`${part.folder}/`)) {
        const parts = key.slice(part.folder.length + 1).split('/');
        const name = parts.length === depth + 1 ? part.nameOf(parts[depth] ?? '') : undefined;
        if (name === undefined) continue;
        yield { name, size, touchedAtMs: Math.max(modifiedAtMs, touched.get(key) ?? 0) };
      }
    },
    async find(name) {
      const object = await bucket.head(part.pathOf(name));
      if (!object) return undefined;
      const touchedAtMs = Math.max(object.modifiedAtMs, await touches.newest(part.pathOf(name)));
      return { name, size: object.size, touchedAtMs };
    },
    discard: (name, beforeMs) => touches.discard(part.pathOf(name), beforeMs),
  };
}
