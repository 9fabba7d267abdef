// Pushes to one repository and counts what had to be written.

import type { Descriptor } from '../oci/descriptor.ts';
import type { StoredManifest } from '../oci/manifest.ts';
import type { RepositoryWriter } from '../oci/repository.ts';
import type { AttestResult } from './types.ts';

export class PushLedger {
  readonly #repository: RepositoryWriter;
  #written = 0;
  #bytes = 0;

  constructor(repository: RepositoryWriter) {
    this.#repository = repository;
  }

  async blob(descriptor: Descriptor, bytes: Buffer): Promise<void> {
    this.#count(await this.#repository.pushBlob(descriptor, bytes), descriptor.size);
  }

  async manifest(manifest: StoredManifest, tags: readonly string[] = []): Promise<void> {
    this.#count(await this.#repository.pushManifest(manifest, tags), manifest.descriptor.size);
  }

  total(): AttestResult {
    return { written: this.#written, bytes: this.#bytes };
  }

  #count(outcome: 'present' | 'written', size: number): void {
    if (outcome === 'present') return;
    this.#written += 1;
    this.#bytes += size;
  }
}
