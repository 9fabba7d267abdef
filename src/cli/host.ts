// The outside of the command line: everything that it reads or writes comes through here, so that tests can run
// commands without a process of their own.

import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../core/clock.ts';
import type { Consumer } from '../consumer/types.ts';
import type { Center } from '../runs/center.ts';
import type { Environment, Settings } from './settings.ts';

export type Terminal = { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined };

export type CliHost = {
  readonly env: Environment;
  readonly cwd: string;
  readonly stdin: Readable & Terminal;
  readonly stdout: Writable & Terminal;
  readonly stderr: Writable & Terminal;
  readonly clock: Clock;
  readonly version: string;
  /** Raised by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  /** Raised, with the error as reason, by an exception that nobody caught. */
  readonly fatal: AbortSignal;
  /** The Center that a command talks to. With `queueOnly` a started run is left to whoever serves the folder. */
  readonly openCenter: (settings: Settings, options?: { readonly queueOnly?: boolean }) => Promise<Center>;
  readonly loadConsumer: () => Promise<Consumer>;
};

/** Writes and waits until the stream wants more, so that a slow reader bounds our memory. */
export async function writeTo(stream: Writable, data: string | Uint8Array): Promise<void> {
  if (stream.write(data)) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const settle = (): void => {
    stream.off('drain', settle);
    stream.off('close', settle);
    stream.off('error', reject);
    resolve();
  };
  stream.once('drain', settle);
  stream.once('close', settle);
  stream.once('error', reject);
  return promise;
}
