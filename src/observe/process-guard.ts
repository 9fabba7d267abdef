// What happens to errors that nobody caught: log, drain, exit 1. One is let pass: postgres.js writes to a socket that
// is already gone when a backend dies inside a transaction (porsager/postgres#1208); its pool recovers by itself.

import type { Log } from './log.ts';
import type { Counter } from './metrics.ts';

export type ProcessGuard = {
  readonly log: Log;
  /** Counts what was let pass. */
  readonly survived: Counter;
  /** Begins the orderly end with this exit code. */
  readonly end: (exitCode: number) => void;
};

/** Installs the handlers on `target` (the process) and returns a function that takes them off. */
export function guardProcess(target: NodeJS.EventEmitter, { log, survived, end }: ProcessGuard): () => void {
  const onError = (error: unknown): void => {
    if (isPostgresWriteAfterClose(error)) {
      survived.add({ where: 'postgres' });
      log.warn('a database connection ended while it was written to', { error });
      return;
    }
    log.error('an error was not caught: the service ends', { error });
    end(1);
  };
  target.on('uncaughtException', onError);
  target.on('unhandledRejection', onError);
  return () => {
    target.off('uncaughtException', onError);
    target.off('unhandledRejection', onError);
  };
}

/** Exactly the known error: a TypeError out of nextWrite of postgres' connection.js. */
export function isPostgresWriteAfterClose(error: unknown): boolean {
  if (!(error instanceof TypeError)) return false;
  const stack = error.stack ?? '';
  return /postgres[\\/](?:src|cjs[\\/]src)[\\/]connection\.js/.test(stack) && stack.includes('nextWrite');
}
