// One repository of a front: asks the upstream what it has, keeps manifests and blobs by digest on disk. What is kept never
// has to be asked for again; tags and lists are asked for each time, and answered out of the cache while the upstream is
// away. A blob that is cached for one repository is given in another only after the upstream has said that it is there.

import { isDigest, type Digest } from '../../../core/digest.ts';
import { ExportError } from '../../../core/errors.ts';
import type { Descriptor } from '../../../oci/descriptor.ts';
import type { StoredManifest } from '../../../oci/manifest.ts';
import type { RepositoryReader } from '../../../oci/repository.ts';
import type { LinkedRepository } from '../linked-repository.ts';
import type { BlobReader, RepositoryPart, StoredRepository, Sweepable, UploadSessions } from '../storage.ts';
import { streamBlob } from '../stream-blob.ts';
import { SharedDownload, type DownloadTarget } from './shared-download.ts';
import { ourFault, type Upstream } from './upstream.ts';

export type FrontContext = {
  readonly upstream: Upstream;
  readonly target: DownloadTarget;
  /** Those that are running, by digest. */
  readonly downloads: Map<Digest, Promise<SharedDownload>>;
};

export class FrontRepository implements StoredRepository {
  readonly name: string;
  readonly uploads: UploadSessions;
  readonly parts: { readonly [part in RepositoryPart]: Sweepable };
  readonly #cache: LinkedRepository;
  readonly #remote: RepositoryReader;
  readonly #context: FrontContext;

  constructor(cache: LinkedRepository, remote: RepositoryReader, context: FrontContext) {
    this.name = cache.name;
    this.parts = cache.parts;
    this.#cache = cache;
    this.#remote = remote;
    this.#context = context;
    const refuse = (): Promise<never> => this.#refuse();
    this.uploads = { start: refuse, size: refuse, append: refuse, finish: refuse, cancel: refuse };
  }

  async exists(): Promise<boolean> {
    return (await this.#cache.exists()) || (await this.tags()).length > 0;
  }

  async resolve(reference: string): Promise<Descriptor | undefined> {
    const kept = isDigest(reference) ? await this.#cache.resolve(reference) : undefined;
    if (kept) return kept;
    const found = await this.#context.upstream.ask(
      () => this.#remote.resolve(reference),
      () => this.#cache.resolve(reference),
    );
    if (!found && !isDigest(reference) && (await this.#cache.resolve(reference)))
      await this.#cache.deleteTag(reference);
    return found;
  }

  async manifest(reference: string): Promise<StoredManifest | undefined> {
    const digest = isDigest(reference) ? reference : (await this.resolve(reference))?.digest;
    const stored = digest && ((await this.#cache.manifest(digest)) ?? (await this.#fetchManifest(digest)));
    if (stored && reference !== stored.descriptor.digest)
      await this.#cache.keepTag(reference, stored.descriptor.digest);
    return stored;
  }

  async statBlob(digest: Digest): Promise<number | undefined> {
    return (await this.#cache.statBlob(digest)) ?? (await this.#remoteSize(digest));
  }

  async readBlob(digest: Digest): Promise<BlobReader | undefined> {
    const kept = await this.#cache.readBlob(digest);
    if (kept) return kept;
    const size = await this.#remoteSize(digest);
    if (size === undefined) return undefined;
    if ((await this.#context.target.content.size(digest)) === size) {
      await this.#cache.keepBlob(digest);
      return this.#cache.readBlob(digest);
    }
    const download = await this.#download({ mediaType: 'application/octet-stream', digest, size });
    // The reader of one who goes away does not end it: the next one finds the blob here.
    download.done.then(() => this.#cache.keepBlob(digest)).catch(() => undefined);
    return download.reader();
  }

  openBlob(descriptor: Descriptor, from = 0): AsyncIterable<Buffer> {
    return streamBlob(this, descriptor, from);
  }

  async referrers(subject: Digest, artifactType?: string): Promise<Descriptor[]> {
    return this.#context.upstream.ask(
      () => this.#remote.referrers(subject, artifactType),
      () => unlessEmpty(this.#cache.referrers(subject, artifactType)),
    );
  }

  async tags(): Promise<string[]> {
    return this.#context.upstream.ask(
      () => this.#remote.tags(),
      () => unlessEmpty(this.#cache.tags()),
    );
  }

  mountBlob(): Promise<boolean> {
    return this.#refuse();
  }

  deleteBlob(): Promise<boolean> {
    return this.#refuse();
  }

  deleteManifest(): Promise<boolean> {
    return this.#refuse();
  }

  deleteTag(): Promise<void> {
    return this.#refuse();
  }

  pushBlob(): Promise<'present' | 'written'> {
    return this.#refuse();
  }

  pushManifest(): Promise<'present' | 'written'> {
    return this.#refuse();
  }

  #fetchManifest(digest: Digest): Promise<StoredManifest | undefined> {
    const { upstream } = this.#context;
    return upstream.joined(`manifest ${this.name} ${digest}`, async () => {
      const stored = await upstream.ask(
        () => this.#remote.manifest(digest),
        () => Promise.resolve(undefined),
      );
      if (stored) await this.#cache.keepManifest(stored);
      return stored;
    });
  }

  #remoteSize(digest: Digest): Promise<number | undefined> {
    return this.#context.upstream.ask(
      () => this.#remote.statBlob(digest),
      () => Promise.resolve(undefined),
    );
  }

  /** Joins the download of this blob, or begins it. */
  #download(descriptor: Descriptor): Promise<SharedDownload> {
    const { downloads, target } = this.#context;
    const running = downloads.get(descriptor.digest);
    if (running) return running;
    const begun = SharedDownload.begin(descriptor, this.#source(descriptor), target);
    const forget = (): void => void downloads.delete(descriptor.digest);
    downloads.set(descriptor.digest, begun);
    begun.then((download) => download.done).then(forget, forget);
    return begun;
  }

  async *#source(descriptor: Descriptor): AsyncGenerator<Buffer> {
    try {
      yield* this.#remote.openBlob(descriptor);
    } catch (thrown) {
      throw ourFault(thrown);
    }
  }

  #refuse(): Promise<never> {
    return Promise.reject(refusal(this.#context.upstream.place));
  }
}

/** Why a front takes nothing. */
export function refusal(place: string): ExportError {
  return new ExportError('DENIED', `this registry is a front of ${place} and takes no pushes or deletions`, {
    hint: `push to ${place} itself`,
  });
}

async function unlessEmpty<T>(list: Promise<T[]>): Promise<T[] | undefined> {
  const found = await list;
  // An empty list out of the cache would say "there is none" where nobody knows.
  return found.length === 0 ? undefined : found;
}
