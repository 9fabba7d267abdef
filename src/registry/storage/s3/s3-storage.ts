// The registry's storage in a bucket of an S3-compatible object storage: the same keys as on a disk (disk-paths.ts), no
// database, nothing on this machine. Several processes may use one bucket at the same time.
//
//   touched/, sweeping/    see s3-touches.ts
//   quarantine/            content that the scrub took aside

import { systemClock, type Clock } from '../../../core/clock.ts';
import { parseDigest, type Digest } from '../../../core/digest.ts';
import { compareUtf8 } from '../../../core/order.ts';
import type { Http } from '../../client/http.ts';
import { digestOfFile, DiskPaths } from '../disk-paths.ts';
import { LinkedRepository, type LinkedStorage } from '../linked-repository.ts';
import type { RegistryStorage, Sweepable } from '../storage.ts';
import { S3Bucket } from './s3-bucket.ts';
import { S3Content } from './s3-content.ts';
import { s3Links, sweptObjects } from './s3-links.ts';
import type { S3Location } from './s3-location.ts';
import { s3Scrubbable } from './s3-scrubbable.ts';
import { S3Touches } from './s3-touches.ts';
import { S3Uploads, type S3UploadMemory } from './s3-uploads.ts';

const defaultCacheBytes = 64 << 20;

export type S3StorageOptions = {
  readonly location: S3Location;
  readonly http: Http;
  readonly clock: Clock;
  /** The time that requests are signed with; the service refuses one that is 15 minutes off. The system's by default. */
  readonly signingClock?: Clock;
  /** Memory for manifests and small blobs; 64 MiB by default. */
  readonly cacheBytes?: number;
  /** Send clients of big blobs to signed URLs of the bucket instead of passing the bytes on. */
  readonly redirects?: boolean;
};

/** Opens the storage. Throws STORAGE_FAILED when the bucket is not there or may not be used, UNREACHABLE. */
export async function openS3Storage(options: S3StorageOptions): Promise<RegistryStorage> {
  const { location, http, clock } = options;
  const bucket = new S3Bucket(location, http, options.signingClock ?? systemClock);
  await bucket.any('blobs/');
  const paths = new DiskPaths('');
  const touches = new S3Touches(bucket, clock);
  const cacheBytes = options.cacheBytes ?? defaultCacheBytes;
  const content = new S3Content({ bucket, touches, paths, cacheBytes, redirects: options.redirects ?? false });
  const links = s3Links(bucket, touches);
  const memory: S3UploadMemory = { busy: new Set(), states: new Map() };
  const linked: LinkedStorage = {
    paths,
    links,
    content,
    uploads: (of) => new S3Uploads(of, { bucket, content, links, memory }),
  };
  return {
    repository: (name) => new LinkedRepository(name, linked),
    repositories: async () => (await repositoriesBelow(bucket, paths.repositories, '')).sort(compareUtf8),
    content: sweptContent(bucket, touches, paths, content),
    scrubbable: s3Scrubbable(bucket, paths, content),
    leftovers: leftovers(bucket, touches),
  };
}

/** A folder with parts (names with "_" in front) is a repository; it may hold others. */
async function repositoriesBelow(bucket: S3Bucket, folder: string, name: string): Promise<string[]> {
  const below: string[] = [];
  for await (const found of bucket.names(folder)) if (found.endsWith('/')) below.push(found.slice(0, -1));
  const names = name !== '' && below.some((part) => part.startsWith('_')) ? [name] : [];
  for (const part of below) {
    if (part.startsWith('_')) continue;
    names.push(...(await repositoriesBelow(bucket, `${folder}/${part}`, name === '' ? part : `${name}/${part}`)));
  }
  return names;
}

function sweptContent(bucket: S3Bucket, touches: S3Touches, paths: DiskPaths, content: S3Content): Sweepable {
  const part = {
    folder: paths.blobs,
    depth: 2,
    nameOf: (hex: string): Digest | undefined => digestOfFile(`${hex.length === 128 ? 'sha512' : 'sha256'}-${hex}`),
    pathOf: (name: string): string => paths.blob(parseDigest(name)),
  };
  const swept = sweptObjects(part, bucket, touches);
  return {
    ...swept,
    async discard(name, beforeMs) {
      const gone = await swept.discard(name, beforeMs);
      if (gone) content.forget(parseDigest(name));
      return gone;
    },
  };
}

/** Marks of touches and sweeps that say nothing any more, and uploads in parts that nobody ended. */
function leftovers(bucket: S3Bucket, touches: S3Touches): Sweepable {
  const list: Sweepable['list'] = async function* () {
    for await (const { key, size, touchedAtMs } of touches.leftovers()) yield { name: key, size, touchedAtMs };
    for await (const { key, uploadId, startedAtMs } of bucket.openParts('blobs/')) {
      yield { name: `${uploadId} ${key}`, size: 0, touchedAtMs: startedAtMs };
    }
  };
  const find: Sweepable['find'] = async (name) => {
    for await (const entry of list()) if (entry.name === name) return entry;
    return undefined;
  };
  return {
    list,
    find,
    async discard(name, beforeMs) {
      const entry = await find(name);
      if (entry && entry.touchedAtMs >= beforeMs) return false;
      const [, uploadId, key] = /^(\S+) (.+)$/.exec(name) ?? [];
      if (uploadId !== undefined && key !== undefined) await bucket.dropParts(key, uploadId);
      else await bucket.delete(name);
      return true;
    },
  };
}
