// The service's own log: one JSON object a line, with time, level and message, secrets taken out. The command line
// does not use it: what people read is written by src/cli.

import type { Clock } from '../core/clock.ts';
import { redact } from './redact.ts';

export const levels = ['debug', 'info', 'warn', 'error'] as const;

export type Level = (typeof levels)[number];

export type LogFields = { readonly [name: string]: unknown };

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log that adds `fields` to every line. */
  with(fields: LogFields): Log;
}

export type LogOptions = {
  /** Takes one line with its LF; must not throw. */
  readonly write: (line: string) => void;
  readonly clock: Clock;
  /** Lines below this level are left out; `info` by default. */
  readonly level?: Level;
};

export function createLog(options: LogOptions): Log {
  return logWith(options, {});
}

/** For tests and for code that may run without a service. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => silentLog,
};

export function isLevel(text: string): text is Level {
  return (levels as readonly string[]).includes(text);
}

function logWith(options: LogOptions, base: LogFields): Log {
  const least = levels.indexOf(options.level ?? 'info');
  const at =
    (level: Level) =>
    (message: string, fields: LogFields = {}): void => {
      if (levels.indexOf(level) < least) return;
      const head = { time: options.clock.now().toISOString(), level, message: redact(message) };
      const rest = redact({ ...base, ...fields });
      options.write(`${JSON.stringify({ ...head, ...(rest as object) })}\n`);
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (fields) => logWith(options, { ...base, ...fields }),
  };
}
