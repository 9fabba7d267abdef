// Certificate and key of the service, read again when their files change, so that a renewed certificate needs no restart.
// Looking at the files beats being told of changes: secrets are often renewed by moving a link to another folder.

import type { TlsPair } from '../api/server.ts';
import { ExportError, toExportError } from '../core/errors.ts';
import type { Log } from '../observe/log.ts';
import { readTextFile } from './settings.ts';

const lookEveryMs = 10_000;

export type TlsFilesOptions = {
  readonly log: Log;
  /** Takes a new pair into use; throws when it cannot be used, and it is tried again once the files change further. */
  readonly use: (pair: TlsPair) => void;
};

export class TlsFiles {
  readonly #certFile: string;
  readonly #keyFile: string;
  #known: TlsPair;

  private constructor(certFile: string, keyFile: string, known: TlsPair) {
    this.#certFile = certFile;
    this.#keyFile = keyFile;
    this.#known = known;
  }

  /** Throws NOT_FOUND or DENIED with the file that cannot be read. */
  static async open(certFile: string, keyFile: string): Promise<TlsFiles> {
    return new TlsFiles(certFile, keyFile, await readPair(certFile, keyFile));
  }

  get pair(): TlsPair {
    return this.#known;
  }

  /** Looks at the files once; what goes wrong is logged, and the pair in use stays. True when a new one was taken. */
  async look({ log, use }: TlsFilesOptions): Promise<boolean> {
    try {
      const pair = await readPair(this.#certFile, this.#keyFile);
      if (pair.cert === this.#known.cert && pair.key === this.#known.key) return false;
      // Two files never change in the same moment: a pair that does not fit yet fits at the next look.
      this.#known = pair;
      use(pair);
      log.info('the TLS certificate was renewed', { file: this.#certFile });
      return true;
    } catch (thrown) {
      const error = thrown instanceof ExportError ? thrown : toExportError(thrown);
      log.warn('the TLS certificate stays as it was', { error });
      return false;
    }
  }

  /** Looks from time to time until `signal` is raised. */
  watch(options: TlsFilesOptions, signal: AbortSignal): void {
    const timer = setInterval(() => void this.look(options), lookEveryMs).unref();
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  }
}

async function readPair(certFile: string, keyFile: string): Promise<TlsPair> {
  return { cert: await readTextFile(certFile), key: await readTextFile(keyFile) };
}
