// postgres.js 3.4 writes to a socket that is gone when the server ends a connection inside a transaction: a TypeError
// out of `nextWrite` that no promise carries and that would end the process (porsager/postgres#1208). The transaction's
// own promise is rejected besides, so the error can be dropped. Nothing else is.

export type ConnectionGuard = {
  /** Called for each error that was dropped. */
  readonly onDropped?: (error: Error) => void;
  /** Called for every other uncaught exception; must end the process. */
  readonly onFatal: (error: unknown) => void;
};

/** Installs the guard on this process; returns what removes it again. */
export function installConnectionGuard(guard: ConnectionGuard): () => void {
  const listener = (error: unknown): void => {
    if (isLostSocket(error)) guard.onDropped?.(error);
    else guard.onFatal(error);
  };
  process.on('uncaughtException', listener);
  return () => void process.off('uncaughtException', listener);
}

function isLostSocket(error: unknown): error is TypeError {
  if (!(error instanceof TypeError)) return false;
  const stack = error.stack ?? '';
  return /[\\/]postgres[\\/](?:cjs[\\/])?src[\\/]connection\.js/.test(stack) && stack.includes('nextWrite');
}
