// Which refusals are worth an entry in the audit: clients ask again and again for the same, attackers for anything. In a
// minute each is written once, so many of one actor, so many of all; the rest is counted.

import type { Clock } from '../core/clock.ts';

const minuteMs = 60_000;
export const refusalsOfOneActor = 20;
export const refusalsOfAll = 200;

export class RefusalFilter {
  readonly #clock: Clock;
  #start = -Infinity;
  #written = 0;
  readonly #byActor = new Map<string, Set<string>>();
  #left = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined for one that is not written; else how many were not since the last one that was. */
  pass(actor: string, what: string): { readonly notWritten: number } | undefined {
    const now = this.#clock.now().getTime();
    if (now - this.#start >= minuteMs || now < this.#start) this.#begin(now);
    const known = this.#byActor.get(actor) ?? new Set();
    if (known.has(what) || known.size >= refusalsOfOneActor || this.#written >= refusalsOfAll) {
      this.#left++;
      return undefined;
    }
    this.#byActor.set(actor, known.add(what));
    this.#written++;
    const notWritten = this.#left;
    this.#left = 0;
    return { notWritten };
  }

  #begin(now: number): void {
    this.#start = now;
    this.#written = 0;
    this.#byActor.clear();
  }
}
