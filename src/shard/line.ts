// Record lines (formats.md §1): canonical JSON objects, each ended by LF. Written and read as bytes: the value is
// sliced out, never parsed, because its digest is taken over exactly these bytes.

import { ExportError } from '../core/errors.ts';
import type { RecordKey } from '../core/order.ts';

export type Operation = 'put' | 'del';

/** A member of a state: `v` is the canonical value (or, in a raw line, the JSON string of the document's text). */
export type StateRecord = RecordKey & { readonly v: Buffer };

/** A change of a state; `v` is there exactly for a put. */
export type ChangeRecord = RecordKey & ({ readonly op: 'put'; readonly v: Buffer } | { readonly op: 'del' });

/** A parsed line together with its own bytes, LF included. */
export type StateLine = StateRecord & { readonly line: Buffer };

const lf = 0x0a;
const quote = 0x22;
const backslash = 0x5c;
const brace = 0x7d;

/** `{"c","k","v"}` LF. */
export function shardLine({ c, k, v }: StateRecord): Buffer {
  return lineWith(`${head(c, k)},"v":`, v);
}

/** `{"c","k","raw"}` LF, with the document's text as a JSON string. */
export function rawLine({ c, k, v }: StateRecord): Buffer {
  return lineWith(`${head(c, k)},"raw":`, v);
}

/** `{"c","k","op":"put","v"}` LF or `{"c","k","op":"del"}` LF. */
export function journalLine(record: ChangeRecord): Buffer {
  const start = `${head(record.c, record.k)},"op":"${record.op}"`;
  if (record.op === 'del') return Buffer.from(`${start}}\n`);
  return lineWith(`${start},"v":`, record.v);
}

function lineWith(start: string, v: Buffer): Buffer {
  const at = Buffer.byteLength(start);
  const line = Buffer.allocUnsafe(at + v.length + 2);
  line.write(start);
  line.set(v, at);
  line[at + v.length] = brace;
  line[at + v.length + 1] = lf;
  return line;
}

function head(c: string, k: string): string {
  return `{"c":${JSON.stringify(c)},"k":${JSON.stringify(k)}`;
}

/** Splits raw bytes at LF; each item keeps its LF. Throws when the last line has none. */
export function* linesOf(raw: Buffer): Generator<Buffer> {
  let start = 0;
  while (start < raw.length) {
    const at = raw.indexOf(lf, start);
    if (at < 0) throw damaged('the last line has no end');
    yield raw.subarray(start, at + 1);
    start = at + 1;
  }
}

export function parseShardLine(line: Buffer): StateLine {
  const { c, k, rest } = parseHead(line);
  return { c, k, v: slice(line, rest, ',"v":'), line };
}

export function parseRawLine(line: Buffer): StateLine {
  const { c, k, rest } = parseHead(line);
  return { c, k, v: slice(line, rest, ',"raw":'), line };
}

export function parseJournalLine(line: Buffer): ChangeRecord {
  const { c, k, rest } = parseHead(line);
  if (startsWith(line, rest, ',"op":"put"')) return { c, k, op: 'put', v: slice(line, rest + 11, ',"v":') };
  if (line.subarray(rest).equals(Buffer.from(',"op":"del"}\n'))) return { c, k, op: 'del' };
  throw damaged('a journal line has no valid operation');
}

function parseHead(line: Buffer): { c: string; k: string; rest: number } {
  if (!startsWith(line, 0, '{"c":"')) throw damaged('a line does not begin with its collection');
  const c = readString(line, 5);
  if (!startsWith(line, c.end, ',"k":"')) throw damaged('a line has no key');
  const k = readString(line, c.end + 5);
  return { c: c.text, k: k.text, rest: k.end };
}

type JsonString = { readonly text: string; readonly end: number };

/** The canonical JSON string that starts at `start`. Nearly all are plain ASCII, which stands for itself. */
function readString(line: Buffer, start: number): JsonString {
  for (let i = start + 1; i < line.length; i++) {
    const byte = line[i] as number;
    if (byte === quote) return { text: line.toString('latin1', start + 1, i), end: i + 1 };
    if (byte === backslash || byte < 0x20 || byte > 0x7e) break;
  }
  const stop = stringEnd(line, start);
  const text = parseString(line.toString('utf8', start, stop));
  if (!line.subarray(start, stop).equals(Buffer.from(JSON.stringify(text)))) throw damaged('a line is not canonical');
  return { text, end: stop };
}

function parseString(json: string): string {
  try {
    return JSON.parse(json) as string;
  } catch {
    throw damaged('a string of a line is not JSON');
  }
}

/** Offset behind the closing quote of the JSON string that starts at `start`. */
function stringEnd(line: Buffer, start: number): number {
  for (let i = start + 1; i < line.length; i++) {
    const byte = line[i];
    if (byte === backslash) i++;
    else if (byte === quote) return i + 1;
  }
  throw damaged('a string of a line does not end');
}

function slice(line: Buffer, at: number, label: string): Buffer {
  const stop = line.length - 2;
  if (!startsWith(line, at, label) || line[stop] !== brace) throw damaged('a line has no value');
  return line.subarray(at + label.length, stop);
}

/** `text` is ASCII. */
function startsWith(line: Buffer, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (line[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

function damaged(what: string): ExportError {
  return new ExportError('VERIFICATION_FAILED', `records are damaged: ${what}`);
}
