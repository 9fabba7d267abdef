// When a test ends, what it started last goes first. node:test runs its own hooks in the order they were registered,
// which would remove a folder under a server that still writes to it.

/** A test's context, or `{ after }` of node:test for a whole suite. */
export type Scope = { after(cleanup: () => void | Promise<void>): void };

const pending = new WeakMap<Scope, (() => void | Promise<void>)[]>();

/** Runs `cleanup` after `scope`, before everything that was registered here earlier; all run, the first error counts. */
export function atEnd(scope: Scope, cleanup: () => void | Promise<void>): void {
  const known = pending.get(scope);
  if (known !== undefined) return void known.push(cleanup);
  const cleanups = [cleanup];
  pending.set(scope, cleanups);
  scope.after(() => runAll(cleanups));
}

async function runAll(cleanups: (() => void | Promise<void>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (let next = cleanups.pop(); next !== undefined; next = cleanups.pop()) {
    try {
      await next();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
