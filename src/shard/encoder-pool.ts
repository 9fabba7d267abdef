// Compression in worker threads. The number of frames in flight is bounded, so that memory stays bounded too.

import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ExportError } from '../core/errors.ts';
import type { EncodeOptions } from './encode.ts';
import type { EncodeAnswer, EncodeTask } from './encoder-worker.ts';

/** Level 9 works in some 25 MB for each thread, and two keep up with what reads the records. */
const maxThreads = 2;

/** Messages are all that a thread's own heap holds; frames lie outside of it. */
const resourceLimits = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 };

type Waiting = { readonly resolve: (encoded: Buffer) => void; readonly reject: (error: Error) => void };

export class EncoderPool {
  readonly size: number;
  readonly #workers: Worker[] = [];
  readonly #load: number[] = [];
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;

  constructor(size: number = Math.min(maxThreads, availableParallelism())) {
    this.size = size;
  }

  /** Compresses `raw`. Bytes that own their buffer alone are handed over, the dictionary too: the caller loses them. */
  encode(raw: Buffer, options: EncodeOptions): Promise<Buffer> {
    const id = this.#next++;
    const slot = this.#slot();
    this.#load[slot] = (this.#load[slot] ?? 0) + 1;
    return new Promise<Buffer>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#workers[slot]?.postMessage({ id, raw, options } satisfies EncodeTask, handedOver(raw, options.dictionary));
    }).finally(() => {
      this.#load[slot] = (this.#load[slot] ?? 1) - 1;
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.splice(0).map((worker) => worker.terminate()));
  }

  /** The least busy thread; threads start when they are first needed. */
  #slot(): number {
    let best = 0;
    for (let i = 0; i < this.size; i++) {
      if (this.#workers[i] === undefined) {
        this.#workers[i] = this.#start();
        this.#load[i] = 0;
      }
      if ((this.#load[i] ?? 0) < (this.#load[best] ?? 0)) best = i;
      if (this.#load[best] === 0) return best;
    }
    return best;
  }

  #start(): Worker {
    const file = new URL(`./encoder-worker${extname(import.meta.filename)}`, import.meta.url);
    const worker = new Worker(file, { resourceLimits });
    worker.unref();
    worker.on('message', (answer: EncodeAnswer) => {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if ('error' in answer) waiting?.reject(new ExportError('INTERNAL', `compression failed: ${answer.error}`));
      else waiting?.resolve(Buffer.from(answer.encoded.buffer));
    });
    worker.on('error', (error: Error) => {
      for (const [id, { reject }] of this.#waiting) {
        this.#waiting.delete(id);
        reject(error);
      }
    });
    return worker;
  }
}

/** The buffers that nobody else has a part in. */
function handedOver(...all: readonly (Buffer | undefined)[]): ArrayBuffer[] {
  return all.flatMap((bytes) => {
    const buffer = bytes?.buffer;
    return buffer instanceof ArrayBuffer && buffer.byteLength === bytes?.byteLength ? [buffer] : [];
  });
}

/** Maps items through an asynchronous function, `ahead` of them in flight, results in the order of the items. */
export async function* mapAhead<Item, Result>(
  items: AsyncIterable<Item>,
  ahead: number,
  map: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const inFlight: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      const started = map(item);
      // A failure is reported when its turn comes; until then it must not count as unhandled.
      started.catch(() => undefined);
      inFlight.push(started);
      if (inFlight.length > ahead) yield (await inFlight.shift()) as Result;
    }
    while (inFlight.length > 0) yield (await inFlight.shift()) as Result;
  } finally {
    await Promise.allSettled(inFlight);
  }
}
