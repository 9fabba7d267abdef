// ISO 8601 durations of whole weeks, days and hours: what windows and ages in profiles are written in.

/** Milliseconds of `PnW`, `PnD`, `PTnH` or a mix such as `P1DT12H`; undefined when `text` is none of these. */
export function parseDuration(text: string): number | undefined {
  const match = /^P(?=\d|T\d)(?:(\d+)W)?(?:(\d+)D)?(?:T(\d+)H)?$/.exec(text);
  if (!match) return undefined;
  const [weeks, days, hours] = match.slice(1).map((digits) => Number(digits ?? 0)) as [number, number, number];
  return ((weeks * 7 + days) * 24 + hours) * 3_600_000;
}
