// The registry behind a front: whether it is away, what its failures mean to our clients, and requests for the same thing
// that join.

import type { Clock } from '../../../core/clock.ts';
import { ExportError, type ErrorCode } from '../../../core/errors.ts';

/** After it did not answer, it is not asked again for so long about what is cached. */
const restMs = 5_000;

/** What is the upstream's fault must not look like our client's. */
const notTheClients: readonly ErrorCode[] = [
  'UNAUTHORIZED',
  'DENIED',
  'DIGEST_MISMATCH',
  'INPUT_INVALID',
  'INPUT_TOO_LARGE',
];

/** What a cache knows: an answer, which may be that there is nothing, or undefined where it does not know. */
export type Known<T> = { readonly value: T } | undefined;

const unknown = (): Promise<undefined> => Promise.resolve(undefined);

export class Upstream {
  /** As people write it: REGISTRY or REGISTRY/PREFIX. */
  readonly place: string;
  readonly #clock: Clock;
  readonly #running = new Map<string, Promise<unknown>>();
  #restUntilMs = 0;

  constructor(place: string, clock: Clock) {
    this.place = place;
    this.#clock = clock;
  }

  /**
   * What the upstream says; while it is away what `cached` knows. Throws UNREACHABLE when that is nothing, and
   * REGISTRY_REFUSED when the upstream refuses or gives wrong bytes.
   */
  async ask<T>(work: () => Promise<T>, cached: () => Promise<Known<T>> = unknown): Promise<T> {
    const nowMs = this.#clock.now().getTime();
    const resting = nowMs < this.#restUntilMs ? await cached() : undefined;
    if (resting) return resting.value;
    try {
      const answer = await work();
      this.#restUntilMs = 0;
      return answer;
    } catch (thrown) {
      const error = ourFault(thrown);
      if (!isAway(error)) throw error;
      this.#restUntilMs = nowMs + restMs;
      const known = await cached();
      if (!known) throw error;
      return known.value;
    }
  }

  /** One piece of work at a time for each key; whoever comes meanwhile gets its result. */
  async joined<T>(key: string, work: () => Promise<T>): Promise<T> {
    const running = this.#running.get(key);
    if (running) return running as Promise<T>;
    const begun = work();
    this.#running.set(key, begun);
    try {
      return await begun;
    } finally {
      this.#running.delete(key);
    }
  }
}

/** Errors of an upstream as those of a server that stands in front of it. */
export function ourFault(thrown: unknown): unknown {
  if (!(thrown instanceof ExportError) || !notTheClients.includes(thrown.code)) return thrown;
  return new ExportError('REGISTRY_REFUSED', thrown.message, {
    cause: thrown,
    ...(thrown.hint === undefined ? {} : { hint: thrown.hint }),
  });
}

function isAway(error: unknown): boolean {
  return error instanceof ExportError && (error.retryable || error.code === 'UNREACHABLE' || error.code === 'OFFLINE');
}
