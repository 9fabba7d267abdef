// Fetches blobs into a mirror folder, a bounded number at a time. A blob gets its place in the layout only when it is
// whole and has its digest; what came of it before waits in `partial/` and is taken up at the byte where it ended.

import { ExportError } from '../core/errors.ts';
import type { Digest } from '../core/digest.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { RepositoryReader } from '../oci/repository.ts';
import { boundedRunner } from '../registry/bounded-runner.ts';
import { downloadBlob } from '../registry/client/download-blob.ts';
import { statOptionalFile } from '../registry/storage/durable-file.ts';
import type { MirrorFolder } from './mirror-folder.ts';
import type { Progress } from './types.ts';

const concurrency = 8;

export type FetchHooks = {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
};

export class Fetcher {
  readonly #source: RepositoryReader;
  readonly #folder: MirrorFolder;
  readonly #hooks: FetchHooks;

  constructor(source: RepositoryReader, folder: MirrorFolder, hooks: FetchHooks) {
    this.#source = source;
    this.#folder = folder;
    this.#hooks = hooks;
  }

  /** Makes blobs present. Throws what the source throws; blobs that came whole stay. */
  async blobs(wanted: readonly Descriptor[]): Promise<void> {
    const missing = await this.missing(wanted);
    const total = missing.reduce((sum, { size }) => sum + size, 0);
    let done = 0;
    const run = boundedRunner(concurrency);
    const work = missing.map((descriptor) =>
      run(() =>
        this.#download(descriptor, this.#place(descriptor), (count) => {
          done += count;
          this.#hooks.onProgress?.({ label: 'fetching', done, total });
        }),
      ),
    );
    const failed = (await Promise.allSettled(work)).find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async blob(descriptor: Descriptor): Promise<void> {
    if (!(await this.#folder.has(descriptor))) await this.#download(descriptor, this.#place(descriptor));
  }

  /** Fetches a blob and puts it in the place of what is there. */
  again(descriptor: Descriptor): Promise<void> {
    return this.#download(descriptor, this.#place(descriptor));
  }

  /** A patch as a file beside the layout. */
  async patch(descriptor: Descriptor): Promise<string> {
    const path = this.#folder.patchPath(descriptor.digest);
    if ((await statOptionalFile(path))?.size !== descriptor.size) await this.#download(descriptor, path);
    return path;
  }

  /** Those that are not there, each once. */
  async missing(wanted: readonly Descriptor[]): Promise<Descriptor[]> {
    const once = new Map<Digest, Descriptor>(wanted.map((descriptor) => [descriptor.digest, descriptor]));
    const missing: Descriptor[] = [];
    for (const descriptor of once.values()) if (!(await this.#folder.has(descriptor))) missing.push(descriptor);
    return missing;
  }

  #place({ digest }: Descriptor): string {
    return this.#folder.layout.blobPath(digest);
  }

  async #download(descriptor: Descriptor, file: string, onBytes?: (count: number) => void): Promise<void> {
    const { signal } = this.#hooks;
    if (signal?.aborted) throw new ExportError('CANCELLED', 'cancelled');
    const part = this.#folder.partPath(descriptor.digest);
    await downloadBlob(this.#source, descriptor, file, { part, signal, onBytes });
  }
}
