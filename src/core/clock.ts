// Time is passed in, so that tests can stand still and nothing hashed can read it by accident.

export type Clock = { now(): Date };

export const systemClock: Clock = { now: () => new Date() };

/** RFC 3339 in UTC with whole seconds, fractions cut: `2026-07-15T12:00:00Z`. */
export function formatSeconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** The time of a state without any declared time (formats.md §5). */
export const epoch = '1970-01-01T00:00:00Z';
