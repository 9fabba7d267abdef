// The symbols of DEFLATE (RFC 1951 §3.2.5): which code stands for a length or a distance, and which bits follow it.

export const endOfBlock = 256;
/** The codes of lengths follow the 256 bytes and the end of a block. */
export const firstLength = 257;
export const literalSymbols = 288;
export const distanceSymbols = 32;
export const longestLength = 258;

/** Extra bits of each length code (counted from 0) and the shortest length that it stands for. */
export const lengthExtra = Uint8Array.of(
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  1,
  1,
  1,
  1,
  2,
  2,
  2,
  2,
  3,
  3,
  3,
  3,
  4,
  4,
  4,
  4,
  5,
  5,
  5,
  5,
  0,
);
export const lengthBase = bases(3, lengthExtra);
lengthBase[28] = longestLength;

/** Extra bits of each distance code and the shortest distance that it stands for. */
export const distanceExtra = Uint8Array.from({ length: 30 }, (_, code) => Math.max(0, (code >> 1) - 1));
export const distanceBase = bases(1, distanceExtra);

const lengthCodes = Uint8Array.from({ length: longestLength + 1 }, (_, length) => {
  return lengthBase.findLastIndex((base) => base <= length);
});

/** Code of a length from 3 to 258, counted from 0. */
export function lengthCode(length: number): number {
  return lengthCodes[length] as number;
}

/** Code of a distance from 1 to 32,768: two for each power of two. */
export function distanceCode(distance: number): number {
  const fromZero = distance - 1;
  if (fromZero < 4) return fromZero;
  const high = 31 - Math.clz32(fromZero);
  return 2 * high + ((fromZero >> (high - 1)) & 1);
}

function bases(first: number, extra: Uint8Array): Uint16Array {
  let next = first;
  return Uint16Array.from(extra, (bits) => {
    const base = next;
    next += 1 << bits;
    return base;
  });
}
