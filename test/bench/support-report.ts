// What every benchmark says at its end: a table for people, then one line of JSON for programs.

export type Row = Readonly<Record<string, string | number | boolean>>;

/** Prints rows in columns; numbers are aligned to the right. */
export function printTable(rows: readonly Row[]): void {
  const names = Object.keys(rows[0] ?? {});
  const cells = rows.map((row) => names.map((name) => textOf(row[name])));
  const widths = names.map((name, at) => Math.max(name.length, ...cells.map((line) => (line[at] ?? '').length)));
  const print = (line: readonly string[], numeric: (at: number) => boolean): void =>
    console.log(
      line.map((cell, at) => (numeric(at) ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0))).join('  '),
    );
  const isNumber = (at: number): boolean => typeof rows[0]?.[names[at] ?? ''] === 'number';
  print(names, isNumber);
  for (const line of cells) print(line, isNumber);
}

function textOf(value: Row[string] | undefined): string {
  if (typeof value !== 'number') return String(value ?? '');
  return Number.isInteger(value) ? value.toLocaleString('en') : value.toFixed(4);
}

/** The last line of a benchmark's output. */
export function printResult(name: string, figures: Readonly<Record<string, unknown>>): void {
  console.log(JSON.stringify({ bench: name, ...figures }));
}

export function rounded(value: number, digits = 4): number {
  return Number(value.toFixed(digits));
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
