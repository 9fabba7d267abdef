// Code lengths as a dynamic block tells them (RFC 1951 §3.2.7): runs are one symbol with extra bits. Where a run is cut is
// part of the pinned encoder (formats.md §15).

export const runSymbols = 19;

const repeatLength = 16;
const fewZeros = 17;
const manyZeros = 18;

/** Extra bits of each symbol. */
const extraBits = new Uint8Array(runSymbols);
extraBits.set([2, 3, 7], repeatLength);

export type LengthRuns = {
  /** How many lengths they are, zeros at the end left out; at least one. */
  readonly count: number;
  readonly symbols: readonly { readonly symbol: number; readonly extra: number }[];
};

export function runExtraBits(symbol: number): number {
  return extraBits[symbol] as number;
}

export function lengthRuns(lengths: Uint8Array): LengthRuns {
  const count = Math.max(1, lengths.findLastIndex((length) => length > 0) + 1);
  const runs = new RunList();
  for (let at = 0; at < count;) {
    const length = lengths[at] as number;
    let end = at + 1;
    while (end < count && lengths[end] === length) end++;
    if (length === 0) runs.addZeros(end - at);
    else runs.addSame(length, end - at);
    at = end;
  }
  return { count, symbols: runs.symbols };
}

class RunList {
  readonly symbols: { symbol: number; extra: number }[] = [];

  /** As many as possible at a time; what is left over below three stands alone. */
  addZeros(count: number): void {
    let left = count;
    for (; left > 138; left -= 138) this.#add(manyZeros, 127);
    if (left > 10) this.#add(manyZeros, left - 11);
    else if (left > 2) this.#add(fewZeros, left - 3);
    else this.#alone(0, left);
  }

  /** The length itself, then repetitions of six; what is left over below three stands alone. */
  addSame(length: number, count: number): void {
    if (count < 4) return this.#alone(length, count);
    this.#add(length, 0);
    let left = count - 1;
    for (; left > 6; left -= 6) this.#add(repeatLength, 3);
    if (left > 2) this.#add(repeatLength, left - 3);
    else this.#alone(length, left);
  }

  #alone(length: number, count: number): void {
    for (let at = 0; at < count; at++) this.#add(length, 0);
  }

  #add(symbol: number, extra: number): void {
    this.symbols.push({ symbol, extra });
  }
}
