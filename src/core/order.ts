// The one sort order of the product (formats.md §1): bytes of UTF-8(c) 00 UTF-8(k).

/** Compares two strings by their UTF-8 bytes; JavaScript's own order differs above U+FFFF. */
export function compareUtf8(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // Surrogates encode code points above every other code unit.
    return rank(x) - rank(y);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

export type RecordKey = { readonly c: string; readonly k: string };

export function compareKeys(a: RecordKey, b: RecordKey): number {
  return compareUtf8(a.c, b.c) || compareUtf8(a.k, b.k);
}

/** UTF-8(c) 00 UTF-8(k): what is sorted, and what is hashed for a record's place. */
export function keyBytes(c: string, k: string): Buffer {
  return Buffer.from(`${c}\0${k}`, 'utf8');
}
