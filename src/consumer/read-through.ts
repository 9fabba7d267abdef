// A bundle as it is read while it is being fetched: what the folder has comes from there, what it lacks is fetched and
// kept. Manifests are stored without a tag, so nothing is visible before the end.

import { ExportError } from '../core/errors.ts';
import { isDigest, type Digest } from '../core/digest.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { StoredManifest } from '../oci/manifest.ts';
import type { RepositoryReader } from '../oci/repository.ts';
import type { Fetcher } from './fetcher.ts';
import type { MirrorFolder } from './mirror-folder.ts';

export class ReadThrough implements RepositoryReader {
  readonly name: string;
  readonly #source: RepositoryReader;
  readonly #folder: MirrorFolder;
  readonly #fetcher: Fetcher;

  constructor(source: RepositoryReader, folder: MirrorFolder, fetcher: Fetcher) {
    this.name = source.name;
    this.#source = source;
    this.#folder = folder;
    this.#fetcher = fetcher;
  }

  resolve(reference: string): Promise<Descriptor | undefined> {
    return this.#source.resolve(reference);
  }

  async manifest(reference: string): Promise<StoredManifest | undefined> {
    const held = isDigest(reference) ? await this.#held(reference) : undefined;
    if (held) return held;
    const stored = await this.#source.manifest(reference);
    // As a blob, because a layout takes a manifest only after what it refers to.
    if (stored) await this.#folder.layout.pushBlob(stored.descriptor, stored.bytes);
    return stored;
  }

  statBlob(digest: Digest): Promise<number | undefined> {
    return this.#folder.layout.statBlob(digest);
  }

  async *openBlob(descriptor: Descriptor, from = 0): AsyncGenerator<Buffer> {
    await this.#fetcher.blob(descriptor);
    yield* this.#folder.layout.openBlob(descriptor, from);
  }

  referrers(subject: Digest, artifactType?: string): Promise<Descriptor[]> {
    return this.#source.referrers(subject, artifactType);
  }

  tags(): Promise<string[]> {
    return this.#source.tags();
  }

  /** A damaged one is as good as missing. */
  async #held(digest: Digest): Promise<StoredManifest | undefined> {
    const { layout } = this.#folder;
    try {
      return await layout.manifest(digest);
    } catch (thrown) {
      if (!(thrown instanceof ExportError) || thrown.code !== 'DIGEST_MISMATCH') throw thrown;
      await this.#folder.drop(digest);
      return undefined;
    }
  }
}
