// One S3 server for a suite; every storage that is opened without a name lies in a folder of its own there.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before } from 'node:test';
import type { Clock } from '../../../../src/core/clock.ts';
import { createHttp, type Http } from '../../../../src/registry/client/http.ts';
import { S3Bucket } from '../../../../src/registry/storage/s3/s3-bucket.ts';
import { openS3Storage } from '../../../../src/registry/storage/s3/s3-storage.ts';
import { systemClock } from '../../../../src/core/clock.ts';
import type { RegistryStorage } from '../../../../src/registry/storage/storage.ts';
import { startS3Server, type S3Server } from '../../../support/s3-server.ts';

export type SuiteBucket = {
  /** A storage; the same `name` is the same place. */
  open(options?: { readonly clock?: Clock; readonly name?: string }): Promise<RegistryStorage>;
  bucket(name: string): S3Bucket;
  /** Where the objects below a name lie as files. */
  folder(name: string): string;
  server(): S3Server;
};

/** To be called inside a `describe`. */
export function bucketForSuite(): SuiteBucket {
  const cleanups: (() => void | Promise<void>)[] = [];
  let started: { readonly server: S3Server; readonly http: Http } | undefined;
  const use = (): { readonly server: S3Server; readonly http: Http } => {
    if (!started) throw new Error('the S3 server runs inside of tests only');
    return started;
  };
  before(async () => {
    const server = await startS3Server({ after: (cleanup) => void cleanups.push(cleanup) });
    started = { server, http: createHttp({ env: {}, retryDelayMs: 10 }) };
  });
  after(async () => {
    await started?.http.close();
    for (const cleanup of cleanups) await cleanup();
  });
  const locationOf = (name: string) => ({ ...use().server.location, prefix: name });
  return {
    open: ({ clock = systemClock, name = randomUUID() } = {}) =>
      openS3Storage({ location: locationOf(name), http: use().http, clock }),
    bucket: (name) => new S3Bucket(locationOf(name), use().http, systemClock),
    folder: (name) => join(use().server.folder, '..', name),
    server: () => use().server,
  };
}
