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

type Waiting = {
  readonly slot: number;
  readonly resolve: (encoded: Buffer) => void;
  readonly reject: (error: Error) => void;
};

export class EncoderPool {
  readonly size: number;
  readonly #workers: (Worker | undefined)[] = [];
  readonly #load: Int32Array;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;

  constructor(size: number = Math.min(maxThreads, availableParallelism())) {
    this.size = size;
    this.#load = new Int32Array(size);
  }

  /** Compresses `raw`. Bytes that own their buffer alone are handed over, the dictionary too: the caller loses them. */
  encode(raw: Buffer, options: EncodeOptions): Promise<Buffer> {
    return this.#post({ raw, options }, handedOver(raw, options.dictionary));
  }

  /** One gzip member over `raw`, which is handed over where it owns its buffer alone. */
  gzip(raw: Buffer): Promise<Buffer> {
    return this.#post({ raw }, handedOver(raw));
  }

  #post(task: Omit<EncodeTask, 'id'>, transfer: ArrayBuffer[]): Promise<Buffer> {
    const id = this.#next++;
    const slot = this.#slot();
    const worker = (this.#workers[slot] ??= this.#start(slot));
    // A thread keeps the process alive exactly as long as somebody waits for it.
    if (this.#count(slot, 1) === 1) worker.ref();
    return new Promise<Buffer>((resolve, reject) => {
      this.#waiting.set(id, { slot, resolve, reject });
      worker.postMessage({ id, ...task } satisfies EncodeTask, transfer);
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.splice(0).flatMap((worker) => worker?.terminate() ?? []));
  }

  /** The least busy thread; threads start when they are first needed. */
  #slot(): number {
    return this.#load.indexOf(Math.min(...this.#load));
  }

  #start(slot: number): Worker {
    const file = new URL(`./encoder-worker${extname(import.meta.filename)}`, import.meta.url);
    // Not the program's own options: some, such as --input-type, are not for threads.
    const worker = new Worker(file, { resourceLimits, execArgv: [] });
    worker.unref();
    worker.on('message', (answer: EncodeAnswer) => {
      const waiting = this.#settle(answer.id);
      if ('error' in answer) waiting?.reject(new ExportError('INTERNAL', `compression failed: ${answer.error}`));
      else waiting?.resolve(Buffer.from(answer.encoded.buffer));
    });
    worker.on('error', (error: Error) => this.#lose(slot, error));
    return worker;
  }

  #count(slot: number, by: number): number {
    return (this.#load[slot] = (this.#load[slot] ?? 0) + by);
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (waiting && this.#count(waiting.slot, -1) === 0) this.#workers[waiting.slot]?.unref();
    return waiting;
  }

  /** A thread that died takes its frames with it; the next frame gets a new one. */
  #lose(slot: number, error: Error): void {
    for (const [id, waiting] of this.#waiting) if (waiting.slot === slot) this.#settle(id)?.reject(error);
    this.#workers[slot] = undefined;
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
