// Hashes files in a thread while others still write to them: hashing is half of what taking a large upload costs, and so
// goes on beside the other half. The thread is started by the first file and does not keep the process alive.

import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { parseDigest, type Digest, type DigestAlgorithm } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import type { FileHashAnswer, FileHashRequest } from './file-hash-protocol.ts';

export type FileHash = {
  /** The file has `size` bytes now, and will not change in what it has. */
  advance(size: number): void;
  /** Of the first `size` bytes; may be called once. Throws STORAGE_FAILED when they cannot be read. */
  digest(size: number): Promise<Digest>;
  /** Forgets it without a digest. */
  drop(): void;
};

/** Waking the thread costs as much as hashing some 100 KB. */
const stepBytes = 4 << 20;

/** Messages and one buffer are all that its own heap holds. */
const resourceLimits = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 };

type Waiting = { resolve(digest: Digest): void; reject(error: ExportError): void };

export class FileHasher {
  readonly #waiting = new Map<number, Waiting>();
  #thread: Worker | undefined;
  #count = 0;

  /** Nothing is read before the first `advance` or `digest`; until the last the file must keep its name. */
  begin(path: string, algorithm: DigestAlgorithm): FileHash {
    const hash = this.#count++;
    const thread = (this.#thread ??= this.#start());
    const tell = (request: FileHashRequest): void => thread.postMessage(request);
    let told = 0;
    tell({ hash, path, algorithm });
    return {
      advance(size) {
        if (size - told < stepBytes) return;
        told = size;
        tell({ hash, size, last: false });
      },
      digest: (size) => {
        if (thread !== this.#thread) return Promise.reject(lost());
        // A digest that somebody waits for keeps the process alive.
        thread.ref();
        return new Promise((resolve, reject) => {
          this.#waiting.set(hash, { resolve, reject });
          tell({ hash, size, last: true });
        });
      },
      drop: () => tell({ hash, drop: true }),
    };
  }

  #start(): Worker {
    // The checkout runs .ts, the built package .js.
    const entry = new URL(`./file-hash-worker${extname(import.meta.filename)}`, import.meta.url);
    const thread = new Worker(entry, { execArgv: [], resourceLimits });
    thread.unref();
    thread.on('message', (answer: FileHashAnswer) => {
      const waiting = this.#settle(answer.hash);
      if ('digest' in answer) waiting?.resolve(parseDigest(answer.digest));
      else waiting?.reject(new ExportError('STORAGE_FAILED', 'an upload could not be read', { cause: answer.failure }));
    });
    thread.on('error', (cause) => {
      this.#thread = undefined;
      for (const hash of this.#waiting.keys()) this.#settle(hash)?.reject(lost(cause));
    });
    return thread;
  }

  #settle(hash: number): Waiting | undefined {
    const waiting = this.#waiting.get(hash);
    this.#waiting.delete(hash);
    if (this.#waiting.size === 0) this.#thread?.unref();
    return waiting;
  }
}

function lost(cause?: unknown): ExportError {
  return new ExportError('STORAGE_FAILED', 'the thread that hashes uploads has died', { cause, retryable: true });
}
