// One repository of a front: asks the upstream what it has, keeps manifests and blobs by digest on disk. What is kept never
// has to be asked for again; tags and lists are asked for each time, and answered out of the cache while the upstream is
// away. A blob that is cached for one repository is given in another only after the upstream has said that it is there.

import { isDigest, parseDigest, type Digest } from '../../../core/digest.ts';
import { ExportError } from '../../../core/errors.ts';
import type { Descriptor } from '../../../oci/descriptor.ts';
import type { StoredManifest } from '../../../oci/manifest.ts';
import type { RepositoryReader } from '../../../oci/repository.ts';
import type { LinkedRepository } from '../linked-repository.ts';
import type { BlobReader, RepositoryPart, StoredRepository, Sweepable, UploadSessions } from '../storage.ts';
import { streamBlob } from '../stream-blob.ts';
import type { ReferrerLists } from './referrer-lists.ts';
import { SharedDownload, type DownloadTarget } from './shared-download.ts';
import { ourFault, type Known, type Upstream } from './upstream.ts';

const maxNamed = 1_000;

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
  readonly #lists: ReferrerLists;
  readonly #remote: RepositoryReader;
  readonly #context: FrontContext;
  /** What tags name whose manifests are not here yet, and which tags name nothing. */
  readonly #named = new Map<string, Digest | 'nothing'>();

  constructor(cache: LinkedRepository, lists: ReferrerLists, remote: RepositoryReader, context: FrontContext) {
    this.name = cache.name;
    this.parts = { ...cache.parts, manifests: withLists(cache.parts.manifests, lists) };
    this.#lists = lists;
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
      () => this.#knownTag(reference),
    );
    if (!isDigest(reference)) await this.#noteTag(reference, found?.digest);
    return found;
  }

  async manifest(reference: string): Promise<StoredManifest | undefined> {
    const digest = isDigest(reference) ? reference : (await this.resolve(reference))?.digest;
    return digest && ((await this.#cache.manifest(digest)) ?? (await this.#fetchManifest(digest)));
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
    const all = await this.#context.upstream.ask(
      async () => {
        const list = await this.#remote.referrers(subject);
        if (await this.#cache.resolve(subject)) await this.#lists.keep(subject, list);
        else this.#lists.wait(subject, list);
        return list;
      },
      async () => known(await this.#lists.find(subject)),
    );
    return artifactType === undefined ? all : all.filter((entry) => entry.artifactType === artifactType);
  }

  async tags(): Promise<string[]> {
    return this.#context.upstream.ask(
      () => this.#remote.tags(),
      // An empty list out of the cache would say "there is none" where nobody knows.
      async () => known(orNothing(await this.#cache.tags())),
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
      const stored = await upstream.ask(() => this.#remote.manifest(digest));
      if (!stored) return undefined;
      await this.#cache.keepManifest(stored);
      await this.#lists.arrived(digest);
      for (const [tag, named] of this.#named) if (named === digest) await this.#noteTag(tag, digest);
      return stored;
    });
  }

  async #knownTag(tag: string): Promise<Known<Descriptor | undefined>> {
    return this.#named.get(tag) === 'nothing' ? { value: undefined } : known(await this.#cache.resolve(tag));
  }

  /**
   * What a tag names now. Kept as soon as that manifest is: clients ask for a tag's digest first and fetch the manifest
   * by it, and until then the cache has only the one that the tag named before.
   */
  async #noteTag(tag: string, digest: Digest | undefined): Promise<void> {
    this.#named.delete(tag);
    if (digest === undefined) {
      remember(this.#named, tag, 'nothing');
      if (await this.#cache.resolve(tag)) await this.#cache.deleteTag(tag);
    } else if (await this.#cache.resolve(digest)) {
      await this.#cache.keepTag(tag, digest);
    } else {
      remember(this.#named, tag, digest);
    }
  }

  #remoteSize(digest: Digest): Promise<number | undefined> {
    return this.#context.upstream.ask(() => this.#remote.statBlob(digest));
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

/** Manifests that the sweep takes with what was said about them. */
function withLists(manifests: Sweepable, lists: ReferrerLists): Sweepable {
  return {
    list: () => manifests.list(),
    find: (name) => manifests.find(name),
    async discard(name, beforeMs) {
      const gone = await manifests.discard(name, beforeMs);
      if (gone) await lists.forget(parseDigest(name));
      return gone;
    },
  };
}

/** Keeps the youngest: which tags are asked for is up to clients. */
function remember(named: Map<string, Digest | 'nothing'>, tag: string, what: Digest | 'nothing'): void {
  named.set(tag, what);
  for (const oldest of named.keys()) {
    if (named.size <= maxNamed) break;
    named.delete(oldest);
  }
}

function known<T>(value: T | undefined): Known<T> {
  return value === undefined ? undefined : { value };
}

function orNothing<T>(list: T[]): T[] | undefined {
  return list.length === 0 ? undefined : list;
}
