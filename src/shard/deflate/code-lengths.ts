// How long each symbol's code is: Huffman's merging, then a cut to the longest length that DEFLATE allows. Which of the
// equally good lengths come out is part of the pinned encoder (formats.md §15).

/** Bits of each symbol's code, 0 for what does not occur; none longer than `limit`. A symbol alone has one bit. */
export function codeLengths(frequencies: Uint16Array, limit: number): Uint8Array {
  const lengths = new Uint8Array(frequencies.length);
  const leaves = rarestFirst(frequencies);
  if (leaves.length === 1) lengths[leaves[0] as number] = 1;
  if (leaves.length < 2) return lengths;
  const depths = leafDepths(leaves.map((symbol) => frequencies[symbol] as number));
  if ((depths[0] as number) > limit) shorten(depths, limit);
  leaves.forEach((symbol, at) => (lengths[symbol] = depths[at] as number));
  return lengths;
}

/** The symbols that occur, of equally rare ones the lower first. */
function rarestFirst(frequencies: Uint16Array): Uint32Array {
  const symbolBits = 9;
  const keys = new Uint32Array(frequencies.length);
  let count = 0;
  frequencies.forEach((frequency, symbol) => {
    if (frequency > 0) keys[count++] = (frequency << symbolBits) | symbol;
  });
  const sorted = keys.subarray(0, count).sort();
  return sorted.map((key) => key & ((1 << symbolBits) - 1));
}

/**
 * Depth of each leaf in Huffman's tree; the leaves come with rising weight, so the depths never rise. Of a leaf and a pair
 * with the same weight the leaf is merged first, and of pairs the older.
 */
function leafDepths(leaves: Uint32Array): Uint8Array {
  const pairs = leaves.length - 1;
  const weights = new Uint32Array(pairs);
  const leafParents = new Uint16Array(leaves.length);
  const pairParents = new Uint16Array(pairs);
  let leaf = 0;
  let pair = 0;
  for (let made = 0; made < pairs; made++) {
    for (let side = 0; side < 2; side++) {
      const usePair = pair < made && (leaf === leaves.length || (weights[pair] as number) < (leaves[leaf] as number));
      weights[made] = (weights[made] as number) + ((usePair ? weights[pair] : leaves[leaf]) as number);
      if (usePair) pairParents[pair++] = made;
      else leafParents[leaf++] = made;
    }
  }
  const pairDepths = new Uint8Array(pairs);
  for (let at = pairs - 2; at >= 0; at--) pairDepths[at] = (pairDepths[pairParents[at] as number] as number) + 1;
  return Uint8Array.from(leafParents, (parent) => (pairDepths[parent] as number) + 1);
}

/**
 * Cuts depths to `limit`. What that takes too much of the code space (in units of the longest codes) is given back by
 * longer codes for the rarest symbols that have room, and what was given back in excess by shorter ones before them.
 */
function shorten(depths: Uint8Array, limit: number): void {
  const deepest = depths[0] as number;
  let owed = 0;
  let at = 0;
  for (; (depths[at] as number) > limit; at++) {
    owed += (1 << (deepest - limit)) - (1 << (deepest - (depths[at] as number)));
    depths[at] = limit;
  }
  owed >>= deepest - limit;
  while (owed > 0) {
    const depth = depths[at] as number;
    if (depth === limit) at++;
    else {
      owed -= 1 << (limit - depth - 1);
      depths[at] = depth + 1;
    }
  }
  for (; at >= 0 && owed < 0; at--) {
    if (depths[at] !== limit) continue;
    depths[at] = limit - 1;
    owed++;
  }
}
