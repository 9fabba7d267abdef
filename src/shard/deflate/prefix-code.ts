// The canonical prefix code of given lengths (RFC 1951 §3.2.2), its bits turned round as they are sent.

export type PrefixCode = { readonly lengths: Uint8Array; readonly codes: Uint16Array };

const longest = 15;

export function prefixCode(lengths: Uint8Array): PrefixCode {
  const counts = new Uint16Array(longest + 1);
  for (const length of lengths) counts[length] = (counts[length] as number) + 1;
  const next = new Uint16Array(longest + 1);
  for (let bits = 2; bits <= longest; bits++)
    next[bits] = ((next[bits - 1] as number) + (counts[bits - 1] as number)) << 1;
  const codes = Uint16Array.from(lengths, (length) => {
    if (length === 0) return 0;
    const code = next[length] as number;
    next[length] = code + 1;
    return reversed(code, length);
  });
  return { lengths, codes };
}

/** Bits of all symbols together, without those that follow a symbol. */
export function codedBits(frequencies: Uint16Array, { lengths }: Pick<PrefixCode, 'lengths'>): number {
  return lengths.reduce((sum, length, symbol) => sum + length * (frequencies[symbol] as number), 0);
}

function reversed(code: number, length: number): number {
  let turned = 0;
  for (let bit = 0; bit < length; bit++) turned |= ((code >> bit) & 1) << (length - 1 - bit);
  return turned;
}
