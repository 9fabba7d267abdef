// What a registry storage can do. `Repository` (oci/repository.ts) is what the product itself needs; the rest here is
// what the server (distribution-spec end-2 to end-14) and the sweep need besides.

import type { Digest } from '../../core/digest.ts';
import type { Repository } from '../../oci/repository.ts';

export interface RegistryStorage {
  /** The repository of that name, whether or not anything is in it yet. Throws INPUT_INVALID for a bad name. */
  repository(name: string): StoredRepository;
  /** Names of all repositories that ever held something, sorted. */
  repositories(): Promise<string[]>;
  /** Content by digest, of whatever repository, as the sweep sees it. */
  readonly content: Sweepable;
  readonly scrubbable: Scrubbable;
  /** Files that were being written, or removed, when a process ended. */
  readonly leftovers: Sweepable;
  /** Set where clients may only read: where they should write instead, as a sentence. */
  readonly refusesClients?: string;
}

export interface StoredRepository extends Repository {
  /** True once anything was stored in it. */
  exists(): Promise<boolean>;
  /** A blob of this repository for serving, undefined when it is not there. The caller closes it. */
  readBlob(digest: Digest): Promise<BlobReader | undefined>;
  /** Where a client may fetch a blob of this repository without us, undefined when it must come through here. */
  blobUrl?(digest: Digest): Promise<URL | undefined>;
  /** Makes a blob of one of the repositories `from` a blob of this one; false when none of them has it. */
  mountBlob(digest: Digest, from: readonly string[]): Promise<boolean>;
  /** Removes a manifest with every tag on it; false when it was not there. */
  deleteManifest(digest: Digest): Promise<boolean>;
  /** Takes a blob out of this repository; false when it was not there. */
  deleteBlob(digest: Digest): Promise<boolean>;
  readonly uploads: UploadSessions;
  /** The repository's parts as the sweep sees them. */
  readonly parts: { readonly [part in RepositoryPart]: Sweepable };
}

/** Random access to a blob's bytes. Small ones are in memory: `bytes` is all of it. */
export type BlobReader = {
  readonly size: number;
  readonly bytes?: Buffer;
  /** Fills `into` from byte `position` on; returns how many bytes it put there, 0 only at the end. */
  read(into: Buffer, position: number): Promise<number>;
  close(): Promise<void>;
};

/** Uploads that were begun and not finished (distribution-spec end-4 to end-6, end-13, end-14). They survive restarts. */
export interface UploadSessions {
  /** Begins an upload and returns its id. */
  start(): Promise<string>;
  /** Bytes received so far, undefined for an unknown id. */
  size(id: string): Promise<number | undefined>;
  /**
   * Adds bytes and returns the new size. When the source breaks off, what came is kept and the error is thrown.
   * Throws CONFLICT when `offset` is not the present size or another writer is at it, INPUT_TOO_LARGE beyond
   * `limits.blobBytes`, NOT_FOUND for an unknown id.
   */
  append(id: string, source: AsyncIterable<Uint8Array>, offset?: number): Promise<number>;
  /**
   * Makes the bytes a blob of the repository and ends the session. Throws DIGEST_MISMATCH, and drops the session, when
   * they do not have this digest; NOT_FOUND for an unknown id.
   */
  finish(id: string, digest: Digest): Promise<void>;
  /** Drops an upload; false for an unknown id. */
  cancel(id: string): Promise<boolean>;
}

/** Upload sessions that the sweep can look at. */
export interface SweptSessions extends UploadSessions {
  readonly swept: Sweepable;
}

/**
 * `tags`, `manifests` and `blobs` are named by tag or digest, `uploads` by id; `deleted` holds the digests of manifests
 * that were here once, so that a signature tag of something unknown differs from one whose subject is gone.
 */
export type RepositoryPart = 'tags' | 'manifests' | 'blobs' | 'uploads' | 'deleted';

export type SweepEntry = {
  readonly name: string;
  /** Bytes on disk. */
  readonly size: number;
  /** When somebody last wrote it or was told that it is there, in milliseconds since 1970. */
  readonly touchedAtMs: number;
};

/** Things that can be listed with their age and removed if nobody touched them since. */
export interface Sweepable {
  list(): AsyncIterable<SweepEntry>;
  /** One entry as it is now, undefined when it is not there. */
  find(name: string): Promise<SweepEntry | undefined>;
  /** Removes an entry unless it was touched at or after `beforeMs`, also in the last moment; true when it is gone. */
  discard(name: string, beforeMs: number): Promise<boolean>;
}

/** Content as the scrub sees it: what is stored, past every cache. */
export interface Scrubbable {
  has(digest: Digest): Promise<boolean>;
  /** The stored bytes, unverified; undefined when it is not there. */
  open(digest: Digest): Promise<AsyncIterable<Buffer> | undefined>;
  /** Takes aside what is stored under a digest, unless it is right after all; true when it is gone from its place. */
  quarantine(digest: Digest): Promise<boolean>;
}
