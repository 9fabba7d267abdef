// Runs pieces of work, so many at a time. After the first failure nothing new is begun.

export type Run = <T>(work: () => Promise<T>) => Promise<T>;

export function boundedRunner(limit: number): Run {
  let running = 0;
  let failure: { readonly thrown: unknown } | undefined;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      if (failure) throw failure.thrown;
      return await work();
    } catch (thrown) {
      failure ??= { thrown };
      throw thrown;
    } finally {
      // The place goes straight to the next in line.
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
