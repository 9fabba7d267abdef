// How numbers, times and tables look to people. Short, aligned, the same in every command.

/** `1.5 MB`: powers of 1,000, as disks and networks count. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** `38,412`. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** `3 s`, `4 min`, `5 h`, `12 d`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 100) return `${whole} s`;
  if (whole < 6_000) return `${Math.round(whole / 60)} min`;
  if (whole < 172_800) return `${Math.round(whole / 3_600)} h`;
  return `${Math.round(whole / 86_400)} d`;
}

/** Seconds since an instant, never below 0; undefined when it is none. */
export function secondsSince(instant: string, now: Date): number | undefined {
  const time = Date.parse(instant);
  return Number.isNaN(time) ? undefined : Math.max(0, Math.floor((now.getTime() - time) / 1000));
}

/** `5 h ago`, or a dash. */
export function formatAge(instant: string, now: Date): string {
  const seconds = secondsSince(instant, now);
  return seconds === undefined ? '–' : `${formatDuration(seconds)} ago`;
}

export type Column = { readonly title: string; readonly right?: boolean };

/** Rows under titles, each line without spaces at its end. `none` is the whole text when there are no rows. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[], none: string): string {
  if (rows.length === 0) return `${none}\n`;
  const lines = [columns.map(({ title }) => title), ...rows.map((row) => row.map(printable))];
  const widths = columns.map((_, i) => Math.max(...lines.map((cells) => width(cells[i] ?? ''))));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => pad(cell, widths[i] ?? 0, columns[i]?.right ?? false)).join('  ');
  return `${lines.map((cells) => line(cells).trimEnd()).join('\n')}\n`;
}

/** Names with their values, one a line. */
export function formatPairs(pairs: readonly (readonly [string, string | undefined])[]): string {
  const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined);
  const longest = Math.max(0, ...shown.map(([name]) => width(name)));
  return shown.map(([name, value]) => `${pad(name, longest, false)}  ${printable(value)}\n`).join('');
}

/** What came from outside cannot move the cursor or recolour the terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => (character === '\n' ? ' ' : '\u{fffd}'));
}

function pad(text: string, columns: number, right: boolean): string {
  const gap = ' '.repeat(Math.max(0, columns - width(text)));
  return right ? gap + text : text + gap;
}

function width(text: string): number {
  return Array.from(text).length;
}
