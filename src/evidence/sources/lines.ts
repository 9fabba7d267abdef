// Cuts a byte stream at LF and nowhere else (U+2028 and CR are part of a line), holding one line at a time.

export type Line = {
  /** From 1. */
  readonly number: number;
  /** Undefined when the line is longer than the limit; it was skipped unread. */
  readonly bytes: Buffer | undefined;
};

/** Lines of `chunks` without their LF; an error of the stream is thrown, and the line cut off by it not yielded. */
export async function* splitLines(chunks: AsyncIterable<Buffer>, maxLineBytes: number): AsyncGenerator<Line> {
  let number = 1;
  let parts: Buffer[] = [];
  let length = 0;
  const take = (part: Buffer): void => {
    length += part.length;
    if (length <= maxLineBytes) parts.push(part);
    else parts = [];
  };
  const end = (): Line => {
    const bytes = length > maxLineBytes ? undefined : parts.length === 1 ? parts[0] : Buffer.concat(parts, length);
    parts = [];
    length = 0;
    return { number: number++, bytes };
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let lf = chunk.indexOf(10); lf >= 0; lf = chunk.indexOf(10, start)) {
      take(chunk.subarray(start, lf));
      yield end();
      start = lf + 1;
    }
    if (start < chunk.length) take(chunk.subarray(start));
  }
  if (length > 0) yield end();
}
