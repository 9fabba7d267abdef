// Damage for parsers: bytes and tokens changed, cut, repeated and spliced, by a generator that a seed repeats exactly.

export type Random = {
  /** A whole number in [0, below). */
  below(below: number): number;
  pick<Item>(items: readonly Item[]): Item;
};

/** Mulberry32: small, fast, the same on every machine. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return { below, pick: (items) => items[below(items.length)] as (typeof items)[number] };
}

const words = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  '\\',
  '\\u',
  '\\ud800',
  '\\"',
  '\n',
  '\t',
  '\0',
  '\u007f',
  '\u20ac',
  ' ',
];
const values = [
  'null',
  'true',
  '-1',
  '1e400',
  '0.5',
  '9007199254740993',
  '""',
  '{}',
  '[]',
  '"__proto__":',
  '"op":"del"',
];
const digest = `"sha256:${'0'.repeat(64)}"`;
const tokens = [...words, ...values, digest].map((token) => Buffer.from(token));
const bytes = [0x00, 0x01, 0x20, 0x22, 0x5c, 0x7f, 0x80, 0xc0, 0xed, 0xf5, 0xff];

/** One to four changes at places chosen by `random`; `others` are spliced in now and then. */
export function mutate(original: Buffer, others: readonly Buffer[], random: Random): Buffer {
  let mutated = original;
  for (let left = 1 + random.below(4); left > 0; left--) mutated = change(mutated, others, random);
  return mutated;
}

function change(from: Buffer, others: readonly Buffer[], random: Random): Buffer {
  const at = random.below(from.length + 1);
  const length = random.below(Math.min(64, from.length - at + 1));
  const [before, piece, after] = [from.subarray(0, at), from.subarray(at, at + length), from.subarray(at + length)];
  switch (random.below(8)) {
    case 0:
      return Buffer.concat([before, Buffer.from([random.pick(bytes)]), from.subarray(at + 1)]);
    case 1:
      return Buffer.concat([before, Buffer.from([(from[at] ?? 0) ^ (1 << random.below(8))]), from.subarray(at + 1)]);
    case 2:
      return Buffer.concat([before, random.pick(tokens), from.subarray(at)]);
    case 3:
      return Buffer.concat([before, random.pick(tokens), after]);
    case 4:
      return Buffer.concat([before, after]);
    case 5:
      return Buffer.concat([before, piece, piece, after]);
    case 6:
      return Buffer.from(before);
    default:
      return Buffer.concat([before, random.pick(others).subarray(at)]);
  }
}
