// Wakes those who wait for news in this process, so that they need not look again and again.

export class Bell {
  #rung = Promise.withResolvers<void>();

  ring(): void {
    const { resolve } = this.#rung;
    this.#rung = Promise.withResolvers<void>();
    resolve();
  }

  /**
   * Listens from now on; the function it gives waits until the bell has rung since, or for `ms` milliseconds, because
   * other processes make news without ringing.
   */
  listen(): (ms: number) => Promise<void> {
    const { promise } = this.#rung;
    return async (ms) => {
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, ms);
      await Promise.race([promise, late]);
      clearTimeout(timer);
    };
  }
}
