// Looks at small files on a local disk. What the system has in memory is there in microseconds, while the way through the
// thread pool costs ten to forty times that; so a look is taken at once, as long as this holds nobody else up: only for a
// part of a turn of the event loop, and not at all for a while after the disk (or a network behind it) was slow.

/** What looks may take of one turn of the event loop. */
const turnMs = 2;

/** A look that takes longer went to a device. One does no harm; those that follow go through the thread pool. */
const slowMs = 10;
const restMs = 1_000;

export class QuickLooks {
  readonly #nowMs: () => number;
  #spentMs = 0;
  #restUntilMs = 0;
  #turnEnds = false;

  /** `nowMs` is a clock that never goes back; the process's own by default. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** The answer of `atOnce`, or of `later` when looking at once would hold others up; both look at the same thing. */
  async take<T>(atOnce: () => T, later: () => Promise<T>): Promise<T> {
    const startMs = this.#nowMs();
    if (this.#spentMs >= turnMs || startMs < this.#restUntilMs) return later();
    this.#endWithTurn();
    try {
      return atOnce();
    } finally {
      const endMs = this.#nowMs();
      this.#spentMs += endMs - startMs;
      if (endMs - startMs >= slowMs) this.#restUntilMs = endMs + restMs;
    }
  }

  #endWithTurn(): void {
    if (this.#turnEnds) return;
    this.#turnEnds = true;
    setImmediate(() => {
      this.#turnEnds = false;
      this.#spentMs = 0;
    });
  }
}

/** One for the process: all looks share its event loop. */
export const quickLooks = new QuickLooks();
