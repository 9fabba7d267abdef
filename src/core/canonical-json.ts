// Canonical JSON, RFC 8785 (JSON Canonicalization Scheme), without a final LF.

import { ExportError } from './errors.ts';

export type Json = null | boolean | number | string | Json[] | { readonly [key: string]: Json | undefined };

/** Nesting that the recursive writer accepts; far above real documents, far below the stack. */
const maxDepth = 1_000;

/**
 * The canonical text of `value`. Members that are `undefined` are left out. Throws INPUT_INVALID for what RFC 8785
 * §3.2.2 cannot express: NaN, infinities, lone surrogates (and for cycles, as nesting beyond 1,000).
 */
export function canonicalJson(value: Json): string {
  return write(value, 0);
}

/** The canonical text as UTF-8 bytes, which is what gets hashed. */
export function canonicalBytes(value: Json): Buffer {
  return Buffer.from(canonicalJson(value), 'utf8');
}

function write(value: Json, depth: number): string {
  switch (typeof value) {
    case 'string':
      return writeString(value);
    case 'number':
      if (!Number.isFinite(value)) throw refuse(`the number ${value} has no JSON form`);
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      if (depth >= maxDepth) throw refuse(`nesting is deeper than ${maxDepth}`);
      return Array.isArray(value) ? writeArray(value, depth) : writeObject(value, depth);
    default:
      throw refuse(`a ${typeof value} has no JSON form`);
  }
}

function writeArray(items: readonly Json[], depth: number): string {
  let out = '[';
  for (let i = 0; i < items.length; i++) out += (i > 0 ? ',' : '') + write(items[i] as Json, depth + 1);
  return out + ']';
}

function writeObject(object: { readonly [key: string]: Json | undefined }, depth: number): string {
  // The default sort compares UTF-16 code units, which is the order that RFC 8785 §3.2.3 asks for.
  const keys = Object.keys(object).sort();
  let out = '{';
  for (const key of keys) {
    const member = object[key];
    if (member === undefined) continue;
    out += (out.length > 1 ? ',' : '') + writeString(key) + ':' + write(member, depth + 1);
  }
  return out + '}';
}

function writeString(text: string): string {
  if (!text.isWellFormed()) throw refuse('a string holds a lone surrogate');
  return JSON.stringify(text);
}

function refuse(what: string): ExportError {
  return new ExportError('INPUT_INVALID', `no canonical JSON: ${what}`);
}
