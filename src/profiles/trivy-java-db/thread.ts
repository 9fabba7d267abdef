// A thread that answers one message after the other, as both ends of a Java database use it.

import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

/** What passes through is dead at once, and would only make the heap grow. */
const resourceLimits = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 };

export class Thread<Request, Answer> {
  readonly #worker: Worker;
  readonly #arrived: Answer[] = [];
  #wake: (() => void) | undefined;

  /** Starts `./<name>` beside this file; when it dies, `failed` says what counts as its answer. */
  constructor(name: string, workerData: unknown, failed: (message: string) => Answer) {
    // The checkout runs .ts, the built package .js; not with the program's own options, some of which are not for threads.
    const entry = new URL(`./${name}${extname(import.meta.filename)}`, import.meta.url);
    this.#worker = new Worker(entry, { workerData, execArgv: [], resourceLimits });
    this.#worker.on('message', (answer: Answer) => this.#take(answer));
    this.#worker.on('error', (error: Error) => this.#take(failed(error.message)));
    this.#worker.on('exit', () => this.#take(failed('the thread ended')));
  }

  post(request: Request, handedOver: ArrayBuffer[] = []): void {
    this.#worker.postMessage(request, handedOver);
  }

  /** The next answer, in order. */
  async next(): Promise<Answer> {
    for (;;) {
      const answer = this.#arrived.shift();
      if (answer !== undefined) return answer;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #take(answer: Answer): void {
    this.#arrived.push(answer);
    this.#wake?.();
  }
}
