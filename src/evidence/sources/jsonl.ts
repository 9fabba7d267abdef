// `.jsonl` and `.jsonl.gz` of `{source?, path, text}` or `{op: "put"|"del", source?, path, text?}` lines (contract.md).
// A stream that breaks off or bursts the limits ends the input: what was read before it is kept.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Json } from '../../core/canonical-json.ts';
import { limits } from '../../core/limits.ts';
import { checkShape, tooLarge } from '../json-document.ts';
import { excerpt, Refused } from '../refused.ts';
import { messageOf, refuseFile, type Input, type InputItem } from './item.ts';
import { splitLines, type Line } from './lines.ts';

/** Quotes and line ends of a document are escaped once more in a line, which at most doubles real texts. */
const maxLineBytes = 2 * limits.documentBytes + 65_536;
/** Nothing small is taken for a bomb. */
const ratioFrom = 64 << 20;
/** A line is an object of texts. */
const maxLineDepth = 8;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export async function openJsonl(file: string, gzipped: boolean): Promise<Input> {
  const { size } = await stat(file);
  const source = createReadStream(file, { highWaterMark: 256 << 10 });
  return {
    items: jsonlItems(file, source, gzipped),
    bytesRead: () => source.bytesRead,
    totalBytes: size,
  };
}

async function* jsonlItems(
  file: string,
  source: Readable & { readonly bytesRead: number },
  gzipped: boolean,
): AsyncGenerator<InputItem> {
  try {
    for await (const line of splitLines(plainBytes(source, gzipped), maxLineBytes)) {
      if (line.bytes?.length !== 0) yield lineItem(line);
    }
  } catch (error) {
    const reason = error instanceof Refused ? error : new Refused('read-error', `reading failed: ${messageOf(error)}`);
    yield refuseFile(file, reason);
  } finally {
    source.destroy();
  }
}

async function* plainBytes(
  source: Readable & { readonly bytesRead: number },
  gzipped: boolean,
): AsyncGenerator<Buffer> {
  // The callback is there because pipeline wants one; the error arrives at the iteration.
  const plain: Readable = gzipped ? pipeline(source, createGunzip({ chunkSize: 256 << 10 }), () => undefined) : source;
  let bytes = 0;
  for await (const chunk of plain as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limits.inputBytes)
      throw new Refused('too-large', `the input is larger than ${limits.inputBytes} bytes`);
    if (bytes > ratioFrom && bytes > limits.inputRatio * source.bytesRead) {
      throw new Refused('too-large', `the input expands to more than ${limits.inputRatio} times its size`);
    }
    yield chunk;
  }
}

function lineItem(line: Line): InputItem {
  const place = `line ${line.number}`;
  try {
    if (line.bytes === undefined) throw tooLarge();
    return readLine(decodeLine(line.bytes));
  } catch (error) {
    if (error instanceof Refused) return { op: 'refuse', path: place, reason: error, incomplete: true };
    throw error;
  }
}

function decodeLine(bytes: Buffer): Json {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw new Refused('not-utf8', 'the line is not valid UTF-8');
  }
  checkShape(text, maxLineDepth, maxLineBytes);
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new Refused('bad-line', `the line is not JSON: ${messageOf(error)}`);
  }
}

function readLine(value: Json): InputItem {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new Refused('bad-line', 'the line is not an object');
  }
  const { op, source, path, text } = value;
  if (typeof path !== 'string') throw new Refused('bad-line', 'the line has no path');
  if (source !== undefined && source !== null && typeof source !== 'string') {
    throw new Refused('bad-line', 'source is not a text');
  }
  const name = { subSource: source ?? undefined, path };
  if (op === 'del') return { op: 'del', ...name };
  if (op !== undefined && op !== 'put') {
    throw new Refused('bad-line', `op ${excerpt(JSON.stringify(op))} is neither "put" nor "del"`);
  }
  if (typeof text !== 'string') throw new Refused('bad-line', `the line of ${excerpt(path)} has no text`);
  if (text.length > limits.documentBytes || Buffer.byteLength(text) > limits.documentBytes) {
    return { op: 'refuse', ...name, reason: tooLarge(), incomplete: false };
  }
  return { op: 'put', ...name, content: text };
}
