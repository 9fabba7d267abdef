// When and how long to wait before asking again: exponential with jitter, Retry-After honoured, everything bounded.

export type RetryPolicy = {
  /** Repetitions after the first try. */
  readonly retries: number;
  readonly delayMs: number;
  readonly maxDelayMs: number;
};

const statuses = new Set([408, 425, 429, 500, 502, 503, 504]);

export function isRetryStatus(status: number): boolean {
  return statuses.has(status);
}

/** Milliseconds to wait before repetition `attempt` (0 = the first); `retryAfter` is the header's text (RFC 9110 §10.2.3). */
export function retryDelay(policy: RetryPolicy, attempt: number, retryAfter: string | undefined, now: Date): number {
  const asked = parseRetryAfter(retryAfter, now);
  if (asked !== undefined) return Math.min(asked, policy.maxDelayMs);
  const full = Math.min(policy.delayMs * 2 ** attempt, policy.maxDelayMs);
  return full / 2 + (Math.random() * full) / 2;
}

function parseRetryAfter(text: string | undefined, now: Date): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime());
}
