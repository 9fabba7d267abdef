// Of the errors that postgres.js makes of a socket that is gone, some are thrown where no promise carries them, and would
// end the process. The promise of what was under way is rejected besides, so these can be dropped. Nothing else is.

import { isLostSocket } from './postgres-errors.ts';

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
