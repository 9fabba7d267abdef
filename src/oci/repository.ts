// One repository of OCI content, wherever it lives: our disk storage, a remote registry, an OCI layout folder.
// Small capability interfaces; test/conformance/repository.ts is the suite that every implementation passes.

import type { Digest } from '../core/digest.ts';
import type { Descriptor } from './descriptor.ts';
import type { StoredManifest } from './manifest.ts';

export type BlobSource = Buffer | (() => AsyncIterable<Uint8Array>);

export interface RepositoryReader {
  /** How messages name this repository, without tag. */
  readonly name: string;
  /** Descriptor of a tag or digest, undefined when it is not there. Cheap (HEAD). */
  resolve(reference: string): Promise<Descriptor | undefined>;
  /** The manifest's exact bytes, verified against its digest; undefined when it is not there. */
  manifest(reference: string): Promise<StoredManifest | undefined>;
  /** Size in bytes of a blob of this repository, undefined when it is not there. */
  statBlob(digest: Digest): Promise<number | undefined>;
  /**
   * The bytes of a blob from offset `from` (default 0). Read from the start, the stream throws DIGEST_MISMATCH at its
   * end when size or digest differ; read from an offset the caller verifies. Throws NOT_FOUND when it is not there.
   */
  openBlob(descriptor: Descriptor, from?: number): AsyncIterable<Buffer>;
  /** Descriptors of the manifests whose subject is `subject`, with artifactType and annotations (distribution-spec end-12). */
  referrers(subject: Digest, artifactType?: string): Promise<Descriptor[]>;
  /** All tags, sorted. */
  tags(): Promise<string[]>;
}

export interface RepositoryWriter {
  /** Makes a blob present and durable; returns whether bytes had to be written. Refuses a wrong digest or size. */
  pushBlob(descriptor: Descriptor, source: BlobSource): Promise<'present' | 'written'>;
  /** Stores a manifest by its digest and then moves `tags` to it. What it refers to must be there. */
  pushManifest(manifest: StoredManifest, tags?: readonly string[]): Promise<'present' | 'written'>;
  /** Removes a tag; content stays until the sweep. */
  deleteTag(tag: string): Promise<void>;
}

export interface Repository extends RepositoryReader, RepositoryWriter {}
