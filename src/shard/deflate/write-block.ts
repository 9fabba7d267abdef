// One block in the smallest of the three forms of DEFLATE (RFC 1951 §3.2.3): stored, with the fixed codes, or with codes of
// its own. Which form a tie takes is part of the pinned encoder (formats.md §15).

import type { BitWriter } from './bit-writer.ts';
import type { Block } from './block.ts';
import { codeLengths } from './code-lengths.ts';
import { lengthRuns, runExtraBits, runSymbols, type LengthRuns } from './length-runs.ts';
import { codedBits, prefixCode, type PrefixCode } from './prefix-code.ts';
import {
  distanceBase,
  distanceCode,
  distanceExtra,
  endOfBlock,
  firstLength,
  lengthBase,
  lengthCode,
  lengthExtra,
} from './symbols.ts';

type Codes = { readonly literals: PrefixCode; readonly distances: PrefixCode };

/** RFC 1951 §3.2.6. */
const fixed: Codes = {
  literals: prefixCode(
    Uint8Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8)),
  ),
  distances: prefixCode(new Uint8Array(32).fill(5)),
};

/** The order in which the lengths of the code of lengths are told. */
const runOrder = Uint8Array.of(16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15);
const longestCode = 15;
const longestRunCode = 7;

/** `bytes` are what the block's symbols stand for. */
export function writeBlock(out: BitWriter, block: Block, bytes: Uint8Array, isLast: boolean): void {
  const own = ownCodes(block);
  const storedBits = 8 * (bytes.length + 5);
  const fixedBits = symbolBits(block, fixed);
  const ownBits = own.headBits + symbolBits(block, own);
  out.put(isLast ? 1 : 0, 1);
  if (storedBits <= Math.min(fixedBits, ownBits)) return writeStored(out, bytes);
  out.put(ownBits < fixedBits ? 2 : 1, 2);
  if (ownBits < fixedBits) writeHead(out, own);
  writeSymbols(out, block, ownBits < fixedBits ? own : fixed);
}

function symbolBits(block: Block, codes: Codes): number {
  return codedBits(block.literals, codes.literals) + codedBits(block.distances, codes.distances) + block.extraBits;
}

function writeStored(out: BitWriter, bytes: Uint8Array): void {
  out.put(0, 2);
  const { length } = bytes;
  out.putBytes(Uint8Array.of(length, length >> 8, ~length, ~length >> 8));
  out.putBytes(bytes);
}

type OwnCodes = Codes & {
  readonly runs: { readonly literals: LengthRuns; readonly distances: LengthRuns };
  readonly runCode: PrefixCode;
  /** How many lengths of the run code are told. */
  readonly told: number;
  readonly headBits: number;
};

function ownCodes(block: Block): OwnCodes {
  const literals = prefixCode(codeLengths(block.literals, longestCode));
  const distances = prefixCode(codeLengths(block.distances, longestCode));
  const runs = { literals: lengthRuns(literals.lengths), distances: lengthRuns(distances.lengths) };
  const frequencies = new Uint16Array(runSymbols);
  let extraBits = 0;
  for (const { symbol } of [...runs.literals.symbols, ...runs.distances.symbols]) {
    frequencies[symbol] = (frequencies[symbol] as number) + 1;
    extraBits += runExtraBits(symbol);
  }
  const runCode = prefixCode(codeLengths(frequencies, longestRunCode));
  const told = Math.max(4, runOrder.findLastIndex((symbol) => runCode.lengths[symbol] !== 0) + 1);
  const headBits = 14 + 3 * told + codedBits(frequencies, runCode) + extraBits;
  return { literals, distances, runs, runCode, told, headBits };
}

function writeHead(out: BitWriter, { runs, runCode, told }: OwnCodes): void {
  out.put(runs.literals.count - firstLength, 5);
  out.put(runs.distances.count - 1, 5);
  out.put(told - 4, 4);
  for (const symbol of runOrder.subarray(0, told)) out.put(runCode.lengths[symbol] as number, 3);
  for (const { symbol, extra } of [...runs.literals.symbols, ...runs.distances.symbols]) {
    putSymbol(out, runCode, symbol);
    out.put(extra, runExtraBits(symbol));
  }
}

function writeSymbols(out: BitWriter, { symbols, count }: Block, { literals, distances }: Codes): void {
  for (let at = 0; at < count; at++) {
    const symbol = symbols[at] as number;
    if (symbol < endOfBlock) putSymbol(out, literals, symbol);
    else {
      const length = lengthCode(symbol >>> 16);
      putSymbol(out, literals, firstLength + length);
      out.put((symbol >>> 16) - (lengthBase[length] as number), lengthExtra[length] as number);
      const distance = distanceCode(symbol & 0xffff);
      putSymbol(out, distances, distance);
      out.put((symbol & 0xffff) - (distanceBase[distance] as number), distanceExtra[distance] as number);
    }
  }
  putSymbol(out, literals, endOfBlock);
}

function putSymbol(out: BitWriter, { codes, lengths }: PrefixCode, symbol: number): void {
  out.put(codes[symbol] as number, lengths[symbol] as number);
}
