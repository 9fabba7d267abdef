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
const end = Buffer.from('}\n');

/** `{"c","k","v"}` LF. */
export function shardLine({ c, k, v }: StateRecord): Buffer {
  return Buffer.concat([Buffer.from(`${head(c, k)},"v":`), v, end]);
}

/** `{"c","k","raw"}` LF, with the document's text as a JSON string. */
export function rawLine({ c, k, v }: StateRecord): Buffer {
  return Buffer.concat([Buffer.from(`${head(c, k)},"raw":`), v, end]);
}

/** `{"c","k","op":"put","v"}` LF or `{"c","k","op":"del"}` LF. */
export function journalLine(record: ChangeRecord): Buffer {
  const start = `${head(record.c, record.k)},"op":"${record.op}"`;
  if (record.op === 'del') return Buffer.from(`${start}}\n`);
  return Buffer.concat([Buffer.from(`${start},"v":`), record.v, end]);
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
  const cEnd = stringEnd(line, 5);
  if (!startsWith(line, cEnd, ',"k":"')) throw damaged('a line has no key');
  const kEnd = stringEnd(line, cEnd + 5);
  const c = JSON.parse(line.toString('utf8', 5, cEnd)) as string;
  const k = JSON.parse(line.toString('utf8', cEnd + 5, kEnd)) as string;
  if (!startsWith(line, 0, head(c, k))) throw damaged('a line is not canonical');
  return { c, k, rest: kEnd };
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
  const stop = line.length - end.length;
  if (!startsWith(line, at, label) || line[stop] !== end[0]) throw damaged('a line has no value');
  return line.subarray(at + label.length, stop);
}

function startsWith(line: Buffer, at: number, text: string): boolean {
  return line.length >= at + text.length && line.subarray(at, at + Buffer.byteLength(text)).equals(Buffer.from(text));
}

function damaged(what: string): ExportError {
  return new ExportError('VERIFICATION_FAILED', `records are damaged: ${what}`);
}
