// One repository of a storage of links and content, on a disk or in a bucket. Links decide what belongs to it; content is
// shared between repositories.

import { setTimeout as delay } from 'node:timers/promises';
import { isDigest, type Digest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import { compareUtf8 } from '../../core/order.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { StoredManifest } from '../../oci/manifest.ts';
import { isTag } from '../../oci/reference.ts';
import type { BlobSource } from '../../oci/repository.ts';
import { verifyBytes, wrongSize } from './content-store.ts';
import type { DiskPaths, RepositoryPaths } from './disk-paths.ts';
import type { LinkStore } from './link-store.ts';
import { ManifestLinks } from './manifest-links.ts';
import { examineManifest, type Need } from './manifest-rules.ts';
import { repositoryParts } from './repository-parts.ts';
import type {
  BlobReader,
  RepositoryPart,
  StoredRepository,
  Sweepable,
  SweptSessions,
  UploadSessions,
} from './storage.ts';
import type { StoredContent } from './stored-content.ts';
import { streamBlob } from './stream-blob.ts';

/** Longer than a sweep needs between taking a file away and putting it back. */
const sweepLookMs = 50;

export type LinkedStorage = {
  readonly paths: DiskPaths;
  readonly links: LinkStore;
  readonly content: StoredContent;
  /** The upload sessions of the repository with these paths. */
  readonly uploads: (paths: RepositoryPaths) => SweptSessions;
};

export class LinkedRepository implements StoredRepository {
  readonly name: string;
  readonly uploads: UploadSessions;
  readonly parts: { readonly [part in RepositoryPart]: Sweepable };
  readonly #storage: LinkedStorage;
  readonly #store: LinkStore;
  readonly #paths: RepositoryPaths;
  readonly #links: ManifestLinks;

  constructor(name: string, storage: LinkedStorage) {
    const { links } = storage;
    const uploads = storage.uploads(storage.paths.repository(name));
    this.name = name;
    this.#storage = storage;
    this.#store = links;
    this.#paths = storage.paths.repository(name);
    this.#links = new ManifestLinks(this.#paths, links);
    this.uploads = uploads;
    this.parts = repositoryParts(this.#paths, links, uploads.swept, {
      subjectOf: (digest) => this.#subjectOf(digest),
      willRemove: (digest) => links.mark(this.#paths.deletedManifest(digest)),
    });
  }

  exists(): Promise<boolean> {
    const { manifests, blobs, uploads, deleted } = this.#paths;
    return this.#store.anyOf([manifests, blobs, uploads, deleted]);
  }

  async resolve(reference: string): Promise<Descriptor | undefined> {
    const digest = await this.#digestOf(reference);
    if (!digest) return undefined;
    // Whoever asks for a digest may rely on the answer in a push; a tag keeps its manifest anyway.
    if (digest === reference && !(await this.#links.touch(digest))) return undefined;
    const found = await this.#links.find(digest);
    // A manifest that the scrub took aside must be pushed again, so nobody may hear that it is there.
    return found && (await this.#storage.content.has(digest)) ? found : undefined;
  }

  async manifest(reference: string): Promise<StoredManifest | undefined> {
    const digest = await this.#digestOf(reference);
    const descriptor = digest && (await this.#links.find(digest));
    const bytes = descriptor && (await this.#storage.content.readManifest(descriptor.digest));
    return bytes && { descriptor, bytes };
  }

  async statBlob(digest: Digest): Promise<number | undefined> {
    if (!(await this.#store.touch(this.#paths.blob(digest)))) return undefined;
    return this.#storage.content.size(digest);
  }

  async readBlob(digest: Digest): Promise<BlobReader | undefined> {
    if (!(await this.#store.has(this.#paths.blob(digest)))) return undefined;
    return this.#storage.content.read(digest);
  }

  async blobUrl(digest: Digest): Promise<URL | undefined> {
    const { content } = this.#storage;
    if (!content.urlOf || !(await this.#store.has(this.#paths.blob(digest)))) return undefined;
    return content.urlOf(digest);
  }

  openBlob(descriptor: Descriptor, from = 0): AsyncIterable<Buffer> {
    return streamBlob(this, descriptor, from);
  }

  referrers(subject: Digest, artifactType?: string): Promise<Descriptor[]> {
    const all = this.#links.referrers(subject);
    if (artifactType === undefined) return all;
    return all.then((found) => found.filter((referrer) => referrer.artifactType === artifactType));
  }

  async tags(): Promise<string[]> {
    return (await this.#store.list(this.#paths.tags)).filter(isTag).sort(compareUtf8);
  }

  async pushBlob({ digest, size }: Descriptor, source: BlobSource): Promise<'present' | 'written'> {
    const { content } = this.#storage;
    const found = (await content.touch(digest)) ? await content.size(digest) : undefined;
    if (found !== undefined && found !== size) throw wrongSize(digest, size, found);
    if (found === undefined) await content.put(digest, size, source);
    await this.#store.mark(this.#paths.blob(digest));
    return found === undefined ? 'written' : 'present';
  }

  async mountBlob(digest: Digest, from: readonly string[]): Promise<boolean> {
    const { paths, content } = this.#storage;
    for (const name of from) {
      if (!(await this.#store.has(paths.repository(name).blob(digest)))) continue;
      if (!(await content.touch(digest))) return false;
      await this.#store.mark(this.#paths.blob(digest));
      return true;
    }
    return false;
  }

  async deleteBlob(digest: Digest): Promise<boolean> {
    return this.#store.remove(this.#paths.blob(digest));
  }

  async pushManifest(manifest: StoredManifest, tags: readonly string[] = []): Promise<'present' | 'written'> {
    const { descriptor, bytes } = manifest;
    const tagPaths = tags.map((tag) => this.#paths.tag(tag));
    verify(manifest);
    const facts = examineManifest(manifest);
    const present = await this.#holdsManifest(descriptor);
    if (!present) {
      await this.#requireAll(facts.needs);
      await this.#storage.content.put(descriptor.digest, descriptor.size, bytes);
      if (facts.referrer) await this.#links.addReferrer(facts.referrer.subject, facts.referrer.descriptor);
      await this.#links.add(descriptor);
    }
    for (const path of tagPaths) await this.#moveTag(path, descriptor.digest);
    return present ? 'present' : 'written';
  }

  /** Keeps a manifest whether or not what it needs is here, as a cache does. Throws DIGEST_MISMATCH, INPUT_INVALID. */
  async keepManifest(manifest: StoredManifest): Promise<void> {
    const { descriptor, bytes } = manifest;
    verify(manifest);
    const { referrer } = examineManifest(manifest);
    await this.#storage.content.put(descriptor.digest, descriptor.size, bytes);
    if (referrer) await this.#links.addReferrer(referrer.subject, referrer.descriptor);
    await this.#links.add(descriptor);
  }

  /** Lets a tag name a manifest that is kept here. */
  keepTag(tag: string, digest: Digest): Promise<void> {
    return this.#moveTag(this.#paths.tag(tag), digest);
  }

  /** Makes content that is stored already a blob of this repository. */
  keepBlob(digest: Digest): Promise<void> {
    return this.#store.mark(this.#paths.blob(digest));
  }

  async deleteManifest(digest: Digest): Promise<boolean> {
    if (!(await this.#links.find(digest))) return false;
    const subject = await this.#subjectOf(digest);
    for (const tag of await this.tags()) if ((await this.#digestOf(tag)) === digest) await this.deleteTag(tag);
    return this.#links.remove(digest, subject);
  }

  async deleteTag(tag: string): Promise<void> {
    await this.#store.remove(this.#paths.tag(tag));
  }

  async #holdsManifest({ digest, mediaType }: Descriptor): Promise<boolean> {
    if (!(await this.#links.touch(digest))) return false;
    if ((await this.#links.find(digest))?.mediaType !== mediaType) return false;
    return (await this.#storage.content.size(digest)) !== undefined;
  }

  /** What a manifest needs must be here, and is touched, so that no sweep takes it before the manifest is stored. */
  async #requireAll(needs: readonly Need[]): Promise<void> {
    await Promise.all(
      needs.map(async (need) => {
        const { kind, digest } = need;
        if (await this.#holds(need)) return;
        // A sweep that takes a second look has the link in its hand for a moment before it puts it back.
        await delay(sweepLookMs);
        if (await this.#holds(need)) return;
        throw new ExportError(
          'NOT_FOUND',
          `the manifest refers to the ${kind} ${digest}, which is not in ${this.name}`,
          {
            hint: 'push what a manifest refers to before the manifest',
          },
        );
      }),
    );
  }

  /** Whether the repository has it; asking keeps the sweep away. */
  async #holds({ kind, digest }: Need): Promise<boolean> {
    return kind === 'manifest' ? this.#links.touch(digest) : (await this.statBlob(digest)) !== undefined;
  }

  async #moveTag(path: string, digest: Digest): Promise<void> {
    if ((await this.#store.read(path))?.toString('utf8') === digest && (await this.#store.touch(path))) return;
    await this.#store.write(path, Buffer.from(digest));
  }

  async #digestOf(reference: string): Promise<Digest | undefined> {
    if (isDigest(reference)) return reference;
    if (!isTag(reference)) return undefined;
    const text = (await this.#store.read(this.#paths.tag(reference)))?.toString('utf8');
    return text !== undefined && isDigest(text) ? text : undefined;
  }

  async #subjectOf(digest: Digest): Promise<Digest | undefined> {
    const stored = await this.manifest(digest);
    return stored && examineManifest(stored).referrer?.subject;
  }
}

function verify({ descriptor: { digest, size }, bytes }: StoredManifest): void {
  if (bytes.byteLength > limits.manifestBytes) {
    throw new ExportError('INPUT_TOO_LARGE', `a manifest may have ${limits.manifestBytes} bytes at most`);
  }
  verifyBytes(digest, size, bytes);
}
