// Content in a bucket as the scrub sees it. Taking aside is a copy and a removal, after one more look at the bytes: whoever
// stored intact ones in between keeps them.

import { digestAlgorithm, Digester } from '../../../core/digest.ts';
import type { DiskPaths } from '../disk-paths.ts';
import type { Scrubbable } from '../storage.ts';
import type { S3Bucket } from './s3-bucket.ts';
import type { S3Content } from './s3-content.ts';

export function s3Scrubbable(bucket: S3Bucket, paths: DiskPaths, content: S3Content): Scrubbable {
  const open: Scrubbable['open'] = async (digest) => (await bucket.get(paths.blob(digest)))?.response.body;
  return {
    open,
    has: async (digest) => (await bucket.head(paths.blob(digest))) !== undefined,
    async quarantine(digest) {
      content.forget(digest);
      const body = await open(digest);
      if (!body) return true;
      const digester = new Digester(digestAlgorithm(digest));
      for await (const chunk of body) digester.update(chunk);
      if (digester.digest() === digest) return false;
      await bucket.copy(paths.blob(digest), paths.quarantined(digest));
      await bucket.delete(paths.blob(digest));
      return true;
    },
  };
}
