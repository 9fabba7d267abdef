// The lists of referrers that an upstream gave last, for the time when it is away: also an empty one says something, that
// nothing was signed. One file for each subject that is kept, `repositories/<name>/_lists/<alg>-<hex of the subject>`; those
// of others wait in memory, because which subjects are asked for is up to clients.

import { join } from 'node:path';
import { canonicalBytes } from '../../../core/canonical-json.ts';
import type { Digest } from '../../../core/digest.ts';
import { parseDescriptor, type Descriptor } from '../../../oci/descriptor.ts';
import { fileOfDigest, type RepositoryPaths } from '../disk-paths.ts';
import type { LinkStore } from '../link-store.ts';

const maxWaiting = 100;

export class ReferrerLists {
  readonly #folder: string;
  readonly #links: LinkStore;
  readonly #waiting = new Map<Digest, readonly Descriptor[]>();

  constructor(paths: RepositoryPaths, links: LinkStore) {
    this.#folder = join(paths.root, '_lists');
    this.#links = links;
  }

  async find(subject: Digest): Promise<Descriptor[] | undefined> {
    const waiting = this.#waiting.get(subject);
    if (waiting) return [...waiting];
    const bytes = await this.#links.read(this.#path(subject));
    if (!bytes) return undefined;
    const list = JSON.parse(bytes.toString('utf8')) as unknown[];
    return list.map((entry) => parseDescriptor(entry, 'list of referrers'));
  }

  /** Remembers the list of a subject that is not here yet. */
  wait(subject: Digest, list: readonly Descriptor[]): void {
    this.#waiting.delete(subject);
    this.#waiting.set(subject, list);
    for (const oldest of this.#waiting.keys()) {
      if (this.#waiting.size <= maxWaiting) break;
      this.#waiting.delete(oldest);
    }
  }

  /** To be called when a subject has come: its list stays as long as it does. */
  async arrived(subject: Digest): Promise<void> {
    const list = this.#waiting.get(subject);
    if (list) await this.keep(subject, list);
  }

  async keep(subject: Digest, list: readonly Descriptor[]): Promise<void> {
    this.#waiting.delete(subject);
    const bytes = canonicalBytes([...list]);
    const known = await this.#links.read(this.#path(subject));
    if (!known?.equals(bytes)) await this.#links.write(this.#path(subject), bytes);
  }

  async forget(subject: Digest): Promise<void> {
    await this.#links.remove(this.#path(subject));
  }

  #path(subject: Digest): string {
    return join(this.#folder, fileOfDigest(subject));
  }
}
