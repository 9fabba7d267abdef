// One writer of signatures for each subject at a time: cosign tags and fallback indexes are read, changed and written
// without any compare-and-swap, so two writers would lose one entry.

export interface Turns {
  /** Runs `work` when nobody else works on the subject. */
  run<T>(subject: string, work: () => Promise<T>): Promise<T>;
}

/** Turns inside one process. */
export class SubjectQueue implements Turns {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Runs `work` after everything that was queued for the same subject, whether that succeeded or not. */
  async run<T>(subject: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(subject) ?? Promise.resolve();
    const result = before.then(work, work);
    const settled = result.catch(() => undefined);
    this.#tails.set(subject, settled);
    try {
      return await result;
    } finally {
      if (this.#tails.get(subject) === settled) this.#tails.delete(subject);
    }
  }
}
