// Paths of documents (formats.md §1): they become record keys, and files when a bundle is extracted.

import { limits } from '../core/limits.ts';
import { excerpt, Refused } from './refused.ts';

/** Throws Refused `bad-path` unless `path` may be a key and a relative file name on any system. */
export function checkDocumentPath(path: string): void {
  const fault = faultOf(path);
  if (fault !== undefined) throw new Refused('bad-path', `the path ${excerpt(path)} ${fault}`);
}

/** A path as it may stand in lists and indexes: itself when it is a good one. */
export function listedPath(path: string): string {
  return faultOf(path) === undefined ? path : displayText(path);
}

function faultOf(path: string): string | undefined {
  if (path === '') return 'is empty';
  if (!path.isWellFormed()) return 'is not valid unicode';
  if (path.length > limits.keyBytes || Buffer.byteLength(path) > limits.keyBytes) {
    return `is longer than ${limits.keyBytes} bytes`;
  }
  // U+001F joins structured keys, so a path must not hold it either.
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(path)) return 'holds a control character';
  if (path.startsWith('/')) return 'is absolute';
  for (const part of path.split('/')) {
    if (part === '' || part === '.' || part === '..') return `has the part ${JSON.stringify(part)}`;
  }
  return undefined;
}

/** Text from outside, made fit for lists and indexes: control characters escaped, cut to `maxChars`. */
export function displayText(text: string, maxChars = 250): string {
  // oxlint-disable-next-line no-control-regex
  const plain = text.toWellFormed().replaceAll(/[\u0000-\u001f\u007f]/g, (control) => {
    return `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return plain.length > maxChars ? `${plain.slice(0, maxChars).toWellFormed()}…` : plain;
}
