// One after the other, in the order of the calls: what a single writer needs.

export class WorkQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` when everything queued before has ended, whether well or badly. */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work, work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
