// How much one tenant may ask of the service, so that it cannot take it away from the others: a token bucket for each
// tenant. Names come from strangers, so the number of buckets is bounded; the one that was used longest ago goes first.

import type { Clock } from '../core/clock.ts';

const maxBuckets = 10_000;

/** Seconds of the allowed rate that may be asked for at once after a pause. */
const burstSeconds = 2;

type Bucket = { left: number; atMs: number };

export class RateLimiter {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  /** `perSecond` requests of each tenant, at least one every second second. */
  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = Math.max(perSecond, 0.5);
    this.#burst = Math.max(this.#perSecond * burstSeconds, 1);
    this.#clock = clock;
  }

  /** 0 when one more request may go on; else the whole seconds after which it may be tried again. */
  take(tenant: string): number {
    const nowMs = this.#clock.now().getTime();
    const bucket = this.#buckets.get(tenant) ?? { left: this.#burst, atMs: nowMs };
    // A clock that was set back gives nothing.
    const grown = (Math.max(nowMs - bucket.atMs, 0) / 1_000) * this.#perSecond;
    bucket.left = Math.min(bucket.left + grown, this.#burst);
    bucket.atMs = nowMs;
    this.#keep(tenant, bucket);
    if (bucket.left < 1) return Math.max(Math.ceil((1 - bucket.left) / this.#perSecond), 1);
    bucket.left -= 1;
    return 0;
  }

  /** A Map keeps the order of insertion: what is taken out and put in again is the youngest. */
  #keep(tenant: string, bucket: Bucket): void {
    this.#buckets.delete(tenant);
    this.#buckets.set(tenant, bucket);
    if (this.#buckets.size <= maxBuckets) return;
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
