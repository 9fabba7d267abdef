// Facts in the shape of a Trivy database for the bolt benchmark: 17 sources with packages whose few advisories fit inline,
// and one bucket of vulnerabilities with texts of about a kilobyte. Written to a file that both writers read.

import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { BoltFact } from '../../src/boltdb/types.ts';

const sources = 17;
/** One key in eight is a vulnerability. */
const vulnerabilityShare = 8;
const advisoriesOfPackage = 8;

/** All facts in order. */
function* boltFacts(
  keys: number,
): Generator<{ readonly path: readonly string[]; readonly key: string; readonly value: string }> {
  const vulnerabilities = Math.floor(keys / vulnerabilityShare);
  const advisories = keys - vulnerabilities;
  for (let i = 0, path: readonly string[] = [], last = -1; i < advisories; i++) {
    const number = Math.floor(i / advisoriesOfPackage);
    if (number !== last) {
      const source = Math.floor((i * sources) / advisories);
      path = [`distribution ${String(source).padStart(2, '0')}`, `package-${String(number).padStart(8, '0')}`];
      last = number;
    }
    const id = `CVE-20${10 + (i % advisoriesOfPackage)}-${String((i * 7_919) % 100_000).padStart(5, '0')}`;
    yield { path, key: id, value: `{"FixedVersion":"${i % 13}.${i % 101}.${i % 7}-${i % 3}"}` };
  }
  const path = ['vulnerability'];
  for (let i = 0; i < vulnerabilities; i++) {
    const text = `A flaw of number ${i} was found that lets someone do something. `.repeat(2 + (i % 24));
    const value = `{"Title":"flaw ${i}","Description":"${text}","Severity":"HIGH","VendorSeverity":{"nvd":3}}`;
    yield { path, key: `CVE-2024-${String(i).padStart(8, '0')}`, value };
  }
}

export async function writeBoltFacts(file: string, keys: number): Promise<void> {
  const handle = await open(file, 'wx');
  let pieces: Buffer[] = [];
  let size = 0;
  const drain = async (): Promise<void> => {
    await handle.write(Buffer.concat(pieces, size));
    pieces = [];
    size = 0;
  };
  try {
    for (const { path, key, value } of boltFacts(keys)) {
      const piece = framed(path, key, value);
      pieces.push(piece);
      size += piece.length;
      if (size > 1 << 20) await drain();
    }
    await drain();
  } finally {
    await handle.close();
  }
}

function framed(path: readonly string[], key: string, value: string): Buffer {
  const parts = [...path, key, value].map((part) => Buffer.from(part));
  const bytes = Buffer.alloc(5 + parts.reduce((sum, part) => sum + 4 + part.length, 0));
  bytes.writeUInt32LE(path.length, 1);
  let at = 5;
  for (const part of parts) {
    at = bytes.writeUInt32LE(part.length, at);
    at += part.copy(bytes, at);
  }
  return bytes;
}

/** The facts of a file in pages; those of one bucket share their path. */
export async function* readBoltFacts(file: string): AsyncGenerator<BoltFact[]> {
  let rest: Buffer = Buffer.alloc(0);
  let path: Buffer[] = [];
  let pathBytes: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(file, { highWaterMark: 128 << 10 }) as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const page: BoltFact[] = [];
    let at = 0;
    for (let end = endOfFact(bytes, at); end > 0; end = endOfFact(bytes, at)) {
      const names = bytes.readUInt32LE(at + 1);
      let from = at + 5;
      for (let i = 0; i < names; i++) from += 4 + bytes.readUInt32LE(from);
      const key = partAt(bytes, from);
      const head = bytes.subarray(at, from);
      if (!head.equals(pathBytes)) {
        pathBytes = Buffer.from(head);
        path = namesOf(pathBytes, names);
      }
      page.push({ path, key, value: partAt(bytes, from + 4 + key.length) });
      at = end;
    }
    rest = bytes.subarray(at);
    if (page.length > 0) yield page;
  }
}

/** Offset behind the fact at `start`; 0 when it is not here whole. */
function endOfFact(bytes: Buffer, start: number): number {
  if (start + 5 > bytes.length) return 0;
  let at = start + 5;
  for (let left = bytes.readUInt32LE(start + 1) + 2; left > 0; left--) {
    if (at + 4 > bytes.length) return 0;
    at += 4 + bytes.readUInt32LE(at);
  }
  return at > bytes.length ? 0 : at;
}

function namesOf(head: Buffer, names: number): Buffer[] {
  const path: Buffer[] = [];
  for (let at = 5; path.length < names; at += 4 + (path.at(-1)?.length ?? 0)) path.push(partAt(head, at));
  return path;
}

function partAt(bytes: Buffer, at: number): Buffer {
  return bytes.subarray(at + 4, at + 4 + bytes.readUInt32LE(at));
}
