// The Range header (RFC 9110 §14): one range of bytes. Several ranges are answered with the whole, which is allowed.

export type ByteRange = { readonly start: number; /** Exclusive. */ readonly end: number };

/**
 * The range that is asked for of a body of `size` bytes: undefined means the whole, 'unsatisfiable' an answer 416.
 * A last position before the first one counts as unsatisfiable, as the distribution conformance suite wants it.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/i.exec(header?.trim() ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (!match || (first === '' && last === '')) return undefined;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size };
  }
  const start = Number(first);
  const end = last === '' ? size : Math.min(Number(last) + 1, size);
  return start >= end ? 'unsatisfiable' : { start, end };
}
