// A column `text` that travels as UTF-8 bytes instead of strings. Between threads all texts of an answer are one block that
// is handed over, so that nothing is copied and neither heap holds them.

import type { SqlRow } from './database.ts';

export type WithTextBytes<Row> = Row & { readonly text: Buffer | null };

/** The same rows, their texts as bytes. */
export function textsAsBytes<Row extends object>(rows: readonly object[]): WithTextBytes<Row>[] {
  return rows.map((row) => {
    const { text } = row as { readonly text: string | null };
    return { ...row, text: text === null ? null : Buffer.from(text, 'utf8') } as WithTextBytes<Row>;
  });
}

/** Takes the texts out of rows, leaves their sizes in bytes, and gives them as one block. */
export function takeTexts(rows: SqlRow[]): Uint8Array<ArrayBuffer> {
  const writable = rows as { text: string | number | null }[];
  const total = writable.reduce((sum, { text }) => sum + (typeof text === 'string' ? Buffer.byteLength(text) : 0), 0);
  const block = Buffer.from(new ArrayBuffer(total));
  let at = 0;
  for (const row of writable) {
    if (typeof row.text !== 'string') continue;
    row.text = block.write(row.text, at);
    at += row.text;
  }
  return block;
}

/** The rows that `takeTexts` was given, their texts being slices of the block. */
export function putTexts(rows: SqlRow[], { buffer }: Uint8Array): SqlRow[] {
  const block = Buffer.from(buffer);
  let at = 0;
  for (const row of rows as { text: Buffer | number | null }[]) {
    if (typeof row.text === 'number') row.text = block.subarray(at, (at += row.text));
  }
  return rows;
}
