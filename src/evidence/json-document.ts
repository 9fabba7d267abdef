// One document's bytes → its text and JSON value, inside the limits of the edge (core/limits.ts).
// RFC 8259 §8.1 forbids writing a byte order mark and allows readers to ignore it: it is ignored with a warning, and
// stays in the raw text, which is kept byte for byte.

import { canonicalJson, type Json } from '../core/canonical-json.ts';
import { ExportError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { Refused } from './refused.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of `content`. Throws Refused `too-large` or `not-utf8`. */
export function decodeDocument(content: Buffer | string): string {
  if (typeof content === 'string') {
    if (!content.isWellFormed()) throw new Refused('not-utf8', 'the text holds a lone surrogate, which UTF-8 cannot');
    return content;
  }
  if (content.length > limits.documentBytes) throw tooLarge();
  try {
    return decoder.decode(content);
  } catch {
    throw new Refused('not-utf8', 'the document is not valid UTF-8');
  }
}

export function tooLarge(): Refused {
  return new Refused('too-large', `the document is larger than ${limits.documentBytes} bytes`);
}

/** Parses `text`. Throws Refused `too-deep`, `string-too-long` or `not-json` (with the parser's position). */
export function parseDocument(text: string): { readonly value: Json; readonly warnings: readonly string[] } {
  const marked = text.charCodeAt(0) === 0xfeff;
  const json = marked ? text.slice(1) : text;
  // Before parsing, because a bomb of brackets is cheap to send and dear to build.
  checkShape(json, limits.documentDepth, limits.documentStringChars);
  let value: Json;
  try {
    value = JSON.parse(json) as Json;
  } catch (error) {
    throw new Refused('not-json', `the document is not JSON: ${(error as Error).message}`.toWellFormed());
  }
  return { value, warnings: marked ? ['starts with a byte order mark (RFC 8259 section 8.1)'] : [] };
}

/**
 * Depth and string lengths in one pass over the text; what is not JSON is left to the parser. Throws Refused `too-deep`
 * or `string-too-long`.
 */
export function checkShape(text: string, maxDepth: number, maxStringChars: number): void {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0x22) {
      const end = endOfString(text, i);
      // An escape counts as the characters it is written with: the bound is about memory, not about style.
      if (end - i - 1 > maxStringChars) {
        throw new Refused(
          'string-too-long',
          `the string at character ${i} is longer than ${maxStringChars} characters`,
        );
      }
      i = end;
    } else if (unit === 0x7b || unit === 0x5b) {
      if (++depth > maxDepth) throw new Refused('too-deep', `nesting is deeper than ${maxDepth} at character ${i}`);
    } else if (unit === 0x7d || unit === 0x5d) {
      depth--;
    }
  }
}

/** Index of the quote that ends the string which begins at `start`, or of the text's end. */
function endOfString(text: string, start: number): number {
  for (let from = start + 1; ;) {
    const quote = text.indexOf('"', from);
    const end = quote < 0 ? text.length : quote;
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (quote >= 0 && backslashes % 2 === 1) {
      from = quote + 1;
      continue;
    }
    return end;
  }
}

/** The canonical text of `value`; throws Refused `not-canonical` for infinities and lone surrogates, or `too-large`. */
export function canonicalText(value: Json): string {
  try {
    return withinLimit(canonicalJson(value));
  } catch (error) {
    if (error instanceof ExportError && error.code === 'INPUT_INVALID') {
      throw new Refused('not-canonical', error.message);
    }
    throw error;
  }
}

/** Numbers such as 1e20 are written out, so a small document may have a large canonical form. */
function withinLimit(text: string): string {
  const { recordBytes } = limits;
  if (text.length <= recordBytes / 3 || Buffer.byteLength(text) <= recordBytes) return text;
  throw new Refused('too-large', `the canonical form of the document is larger than ${recordBytes} bytes`);
}
