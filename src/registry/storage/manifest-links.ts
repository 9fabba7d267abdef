// The link files of a repository that concern manifests: which are here, which refer to which, which were here once.
// Order of writing (leaves first): referrer link, manifest link, tags. A referrer counts only while its manifest link is
// there, so a crash between the two shows nothing; the other order would lose the entry, because a client that finds
// the manifest does not push it again.

import { join } from 'node:path';
import { canonicalBytes } from '../../core/canonical-json.ts';
import type { Digest } from '../../core/digest.ts';
import { compareUtf8 } from '../../core/order.ts';
import { parseDescriptor, type Descriptor } from '../../oci/descriptor.ts';
import { digestOfFile, type RepositoryPaths } from './disk-paths.ts';
import type { LinkStore } from './link-store.ts';

export class ManifestLinks {
  readonly #paths: RepositoryPaths;
  readonly #links: LinkStore;

  constructor(paths: RepositoryPaths, links: LinkStore) {
    this.#paths = paths;
    this.#links = links;
  }

  /** Media type, digest and size of a manifest of this repository, undefined when it is not there. */
  async find(digest: Digest): Promise<Descriptor | undefined> {
    const bytes = await this.#links.read(this.#paths.manifest(digest));
    if (!bytes) return undefined;
    const { mediaType, size } = JSON.parse(bytes.toString('utf8')) as { mediaType: string; size: number };
    return { mediaType, digest, size };
  }

  touch(digest: Digest): Promise<boolean> {
    return this.#links.touch(this.#paths.manifest(digest));
  }

  async add({ mediaType, digest, size }: Descriptor): Promise<void> {
    await this.#links.write(this.#paths.manifest(digest), canonicalBytes({ mediaType, size }));
  }

  async addReferrer(subject: Digest, referrer: Descriptor): Promise<void> {
    const bytes = canonicalBytes(referrer);
    await this.#links.write(this.#paths.referrer(subject, referrer.digest), bytes);
  }

  /** Descriptors of the manifests here whose subject is `subject`, sorted by digest. */
  async referrers(subject: Digest): Promise<Descriptor[]> {
    const folder = this.#paths.referrers(subject);
    const found: Descriptor[] = [];
    for (const file of (await this.#links.list(folder)).sort(compareUtf8)) {
      const digest = digestOfFile(file);
      if (!digest || !(await this.find(digest))) continue;
      const bytes = await this.#links.read(join(folder, file));
      if (bytes) found.push(parseDescriptor(JSON.parse(bytes.toString('utf8')), 'referrer link'));
    }
    return found;
  }

  /** Removes a manifest and remembers that it was here; `subject` is its own subject. False when it was not there. */
  async remove(digest: Digest, subject: Digest | undefined): Promise<boolean> {
    await this.#links.mark(this.#paths.deletedManifest(digest));
    const removed = await this.#links.remove(this.#paths.manifest(digest));
    if (subject) await this.#links.remove(this.#paths.referrer(subject, digest));
    return removed;
  }
}
