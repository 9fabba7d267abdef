// Progress on stderr. On a terminal one line that is rewritten, with rate and remaining time; elsewhere a quiet line at
// each new step, each 10 % and every 5 seconds, so that a log shows that something moves.

import type { Writable } from 'node:stream';
import type { Clock } from '../core/clock.ts';
import { formatBytes, formatCount, formatDuration, printable } from './format.ts';
import type { Terminal } from './host.ts';

export type Step = {
  readonly label: string;
  readonly done?: number | undefined;
  readonly total?: number | undefined;
  /** What `done` and `total` count; bytes by default. */
  readonly unit?: 'bytes' | 'records';
  readonly note?: string;
};

export interface ProgressView {
  update(step: Step): void;
  /** Clears the line on a terminal; nothing more is written. */
  end(): void;
}

export type ProgressOptions = {
  readonly stream: Writable & Terminal;
  readonly clock: Clock;
  readonly quiet: boolean;
};

const rewriteMs = 100;
const repeatMs = 5_000;

export function progressView({ stream, clock, quiet }: ProgressOptions): ProgressView {
  if (quiet) return { update: () => {}, end: () => {} };
  const pace = new Pace(clock);
  return stream.isTTY === true ? terminalView(stream, pace) : quietView(stream, pace);
}

function terminalView(stream: Writable & Terminal, pace: Pace): ProgressView {
  let shownAt = -Infinity;
  let shown = false;
  return {
    update(step) {
      const fresh = pace.enter(step);
      if (!fresh && pace.now() - shownAt < rewriteMs) return;
      shownAt = pace.now();
      shown = true;
      const room = Math.max(20, (stream.columns ?? 80) - 1);
      stream.write(`\r\u001b[K${Array.from(describe(step, pace)).slice(0, room).join('')}`);
    },
    end() {
      if (shown) stream.write('\r\u001b[K');
      shown = false;
    },
  };
}

function quietView(stream: Writable, pace: Pace): ProgressView {
  let shownAt = -Infinity;
  let shownTenth = 0;
  return {
    update(step) {
      const fresh = pace.enter(step);
      const tenth = share(step) === undefined ? 0 : Math.floor((share(step) ?? 0) * 10);
      if (!fresh && tenth <= shownTenth && pace.now() - shownAt < repeatMs) return;
      shownAt = pace.now();
      shownTenth = tenth;
      stream.write(`${describe(step, pace)}\n`);
    },
    end: () => {},
  };
}

/** How fast the present step moves, measured from its first report. */
class Pace {
  readonly #clock: Clock;
  #label: string | undefined;
  #startMs = 0;
  #startDone = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now().getTime();
  }

  /** True when the step is a new one. */
  enter(step: Step): boolean {
    if (step.label === this.#label) return false;
    this.#label = step.label;
    this.#startMs = this.now();
    this.#startDone = step.done ?? 0;
    return true;
  }

  /** Units a second, undefined before there is anything to tell. */
  rate(done: number): number | undefined {
    const seconds = (this.now() - this.#startMs) / 1000;
    return seconds < 0.5 || done <= this.#startDone ? undefined : (done - this.#startDone) / seconds;
  }
}

function describe(step: Step, pace: Pace): string {
  const { done, total, unit = 'bytes' } = step;
  const amount = (value: number): string =>
    unit === 'bytes' ? formatBytes(value) : `${formatCount(Math.round(value))} ${unit}`;
  const rate = done === undefined ? undefined : pace.rate(done);
  const parts = [printable(step.label)];
  const part = share(step);
  if (part !== undefined) parts.push(`${Math.floor(part * 100)} %`);
  if (done !== undefined && done > 0) parts.push(total === undefined ? amount(done) : `of ${amount(total)}`);
  if (step.note !== undefined) parts.push(printable(step.note));
  if (rate !== undefined) parts.push(`${amount(rate)}/s`);
  if (rate !== undefined && total !== undefined && done !== undefined && done < total) {
    parts.push(`${formatDuration((total - done) / rate)} left`);
  }
  return parts.join('  ');
}

function share({ done, total }: Step): number | undefined {
  return done === undefined || total === undefined || total <= 0 ? undefined : Math.min(1, done / total);
}
