// Content by digest, shared by all repositories of a storage: what a repository needs of it, wherever it lies.

import type { Digest } from '../../core/digest.ts';
import type { BlobSource } from '../../oci/repository.ts';
import type { BlobReader } from './storage.ts';

export interface StoredContent {
  /** Size in bytes, undefined when it is not there. */
  size(digest: Digest): Promise<number | undefined>;
  /** Whether it is there; content in memory counts without a look at the storage. */
  has(digest: Digest): Promise<boolean>;
  /** Keeps the sweep away for a while; false when the content is not there. */
  touch(digest: Digest): Promise<boolean>;
  /** Stores bytes of this digest and size. Throws DIGEST_MISMATCH, and stores nothing, when they are others. */
  put(digest: Digest, size: number, source: BlobSource): Promise<void>;
  /** Content for serving; small content comes verified and from memory where possible. */
  read(digest: Digest): Promise<BlobReader | undefined>;
  /** All bytes of a manifest, verified; undefined when it is not there. */
  readManifest(digest: Digest): Promise<Buffer | undefined>;
  /** Where a client may fetch it without us, undefined when it must come through here. */
  urlOf?(digest: Digest): Promise<URL | undefined>;
}
