// Adds signatures below the cosign tags of one subject; what is there already stays.

import type { Digest } from '../core/digest.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Repository } from '../oci/repository.ts';
import { addToSignatureTag } from '../oci/signature-tag.ts';
import { cosignTag } from './cosign-tags.ts';
import type { PushLedger } from './push-ledger.ts';

export class TagWriter {
  readonly #repository: Repository;
  readonly #push: PushLedger;
  readonly #subject: Digest;
  readonly #added = new Map<string, Descriptor[]>();

  constructor(repository: Repository, push: PushLedger, subject: Digest) {
    this.#repository = repository;
    this.#push = push;
    this.#subject = subject;
  }

  /** Throws CONFLICT when the tag holds something that no signature can be added to. */
  async add(suffix: 'sig' | 'att', layer: Descriptor, blob: Buffer): Promise<void> {
    const tag = cosignTag(this.#subject, suffix);
    await this.#push.blob(layer, blob);
    await this.#write(tag, [layer]);
    this.#added.set(tag, [...(this.#added.get(tag) ?? []), layer]);
  }

  /** Adds again what was lost to a writer that had read a tag before ours was written. To be called at the end. */
  async keep(): Promise<void> {
    for (const [tag, layers] of this.#added) await this.#write(tag, layers);
  }

  async #write(tag: string, layers: readonly Descriptor[]): Promise<void> {
    await addToSignatureTag(this.#repository, tag, layers, async ({ config, manifest }) => {
      await this.#push.blob(config.descriptor, config.bytes);
      await this.#push.manifest(manifest, [tag]);
    });
  }
}
