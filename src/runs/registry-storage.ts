// Where the own registry keeps its content: the data folder, a bucket, or, behind a cache in the data folder, another
// registry.

import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { ExportError } from '../core/errors.ts';
import type { Credentials } from '../registry/client/credentials.ts';
import { createHttp, type HttpOptions } from '../registry/client/http.ts';
import { openDiskStorage } from '../registry/storage/disk-storage.ts';
import { openFrontStorage, parseUpstream } from '../registry/storage/front/front-storage.ts';
import { parseS3Location } from '../registry/storage/s3/s3-location.ts';
import { openS3Storage } from '../registry/storage/s3/s3-storage.ts';
import type { RegistryStorage } from '../registry/storage/storage.ts';

/** Nothing is set: the data folder. */
export type RegistryPlace = {
  /** `s3://BUCKET[/PREFIX]`; endpoint, region and credentials are in the AWS_… variables. */
  readonly bucket?: string;
  /** With a bucket: clients fetch big blobs from signed URLs of it. */
  readonly redirects?: boolean;
  /** REGISTRY[/PREFIX] to stand in front of. */
  readonly upstream?: string;
};

export type RegistryStorageOptions = {
  readonly place: RegistryPlace;
  /** The data folder. */
  readonly data: string;
  readonly clock: Clock;
  readonly network: HttpOptions;
  readonly env: { readonly [name: string]: string | undefined };
  readonly credentials: Credentials;
};

export type OpenedStorage = { readonly storage: RegistryStorage; close(): Promise<void> };

/** A client of the front waits for these before it is answered out of the cache. */
const frontRetries = 1;
const frontConnectMs = 3_000;

/** Throws USAGE for a place that is none, STORAGE_FAILED or UNREACHABLE for one that cannot be used. */
export async function openRegistryStorage(options: RegistryStorageOptions): Promise<OpenedStorage> {
  const { place, data, clock, env, credentials } = options;
  if (place.bucket !== undefined && place.upstream !== undefined) {
    throw new ExportError('USAGE', 'a bucket and an upstream registry exclude each other', {
      hint: 'choose one of --storage and --upstream (EXPORT_CENTER_STORAGE, EXPORT_CENTER_UPSTREAM)',
    });
  }
  if (place.bucket !== undefined) {
    const location = parseS3Location(place.bucket, env);
    const http = createHttp(options.network);
    const storage = await openS3Storage({ location, http, clock, redirects: place.redirects ?? false });
    return { storage, close: () => http.close() };
  }
  if (place.redirects === true) {
    throw new ExportError('USAGE', 'only a bucket can be redirected to', { hint: 'name it with --storage' });
  }
  if (place.upstream !== undefined) {
    const upstream = parseUpstream(place.upstream);
    const http = createHttp({ ...options.network, retries: frontRetries, connectTimeoutMs: frontConnectMs });
    const storage = await openFrontStorage({ upstream, folder: frontFolder(data), http, credentials, clock });
    return { storage, close: () => http.close() };
  }
  const storage = await openDiskStorage(registryFolder(data), { clock });
  return { storage, close: () => Promise.resolve() };
}

/** Where the registry lives below a data folder. */
export function registryFolder(data: string): string {
  return join(data, 'registry');
}

/** Not the registry's own folder: a cache may be thrown away. */
function frontFolder(data: string): string {
  return join(data, 'front');
}
