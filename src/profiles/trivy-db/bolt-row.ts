// Rows of a bolt database and the facts of its file (formats.md §15). k = bucket names and key joined by U+001F, whose
// bytewise order is bolt's; v = the value as JSON, or `{"$bytes": base64}` where JSON would not give it back.

import { canonicalBytes, type Json } from '../../core/canonical-json.ts';
import { limits } from '../../core/limits.ts';
import type { BoltFact, StoredFact } from '../../boltdb/types.ts';
import { keyParts, rowKey, type DatabaseRow } from '../database/row.ts';

const bytesMember = '$bytes';
const bytesStart = Buffer.from(`{"${bytesMember}":`);

/** Control characters and U+001F part keys; they, and what is no UTF-8 or too long, cannot stand in one. */
// oxlint-disable-next-line no-control-regex
const forbidden = /[\u0000-\u001f\u007f]/;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The row of a fact; undefined when its names cannot stand in a key, or it is a bare bucket. */
export function rowOfFact({ path, key, value }: StoredFact): DatabaseRow | undefined {
  if (value === null) return undefined;
  const parts: string[] = [];
  for (const name of [...path, key]) {
    const text = textOf(name);
    if (text === undefined || forbidden.test(text)) return undefined;
    parts.push(text);
  }
  const k = rowKey(...parts);
  return Buffer.byteLength(k) > limits.keyBytes ? undefined : { k, v: rowValue(value) };
}

/** The bytes of v for a value: the canonical form of the JSON that it is, else its bytes in base64. */
export function rowValue(value: Buffer): Buffer {
  const text = textOf(value);
  return (
    (text === undefined ? undefined : faithfulJson(text)) ?? canonicalBytes({ [bytesMember]: value.toString('base64') })
  );
}

/** The bytes that stand in the file for v. */
export function valueOfRow(v: Buffer): Buffer {
  if (!v.subarray(0, bytesStart.length).equals(bytesStart)) return v;
  const json = JSON.parse(v.toString('utf8')) as Json;
  return isBytes(json) ? Buffer.from(json[bytesMember], 'base64') : v;
}

/** Facts of sorted rows; rows of one bucket that follow each other share their path. */
export function* factsOfRows(rows: Iterable<DatabaseRow>): Generator<BoltFact> {
  let path: string[] = [];
  let start: string | undefined;
  for (const { k, v } of rows) {
    const at = k.lastIndexOf('\u001f') + 1;
    if (start === undefined || at !== start.length || !k.startsWith(start)) {
      start = k.slice(0, at);
      path = keyParts(k).slice(0, -1);
    }
    yield { path, key: k.slice(at), value: valueOfRow(v) };
  }
}

function textOf(bytes: Buffer): string | undefined {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Nothing in it needs a second look: no long numbers or exponents, no escaped surrogates. */
const plain = /^(?!.*(?:\d{16}|\d[eE]|\\u[dD]))/s;

/** Canonical bytes of JSON that say the same as its text: well-formed strings, and numbers that a double holds. */
function faithfulJson(text: string): Buffer | undefined {
  try {
    const value = plain.test(text) ? (JSON.parse(text) as Json) : parseExactly(text);
    return value === undefined || isBytes(value) ? undefined : canonicalBytes(value);
  } catch {
    return undefined;
  }
}

function parseExactly(text: string): Json | undefined {
  let exact = true;
  const look = (_key: string, item: unknown, context?: { readonly source?: string }): unknown => {
    if (typeof item === 'number' && !isExact(item, context?.source ?? '')) exact = false;
    return item;
  };
  const value = JSON.parse(text, look) as Json;
  return exact ? value : undefined;
}

function isExact(number: number, source: string): boolean {
  return /^-?\d{1,15}(?:\.\d{1,15})?$/.test(source) || JSON.stringify(number) === source;
}

function isBytes(json: Json): json is { readonly [bytesMember]: string } {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return false;
  return Object.keys(json).length === 1 && typeof (json as { [bytesMember]?: Json })[bytesMember] === 'string';
}
