// Keys of the parts of a document that have no key of their own: path and, behind U+001F, 32 hex digits over what a part is,
// with `-2`, `-3`, … for the same once more (formats.md §12).

import { hash } from 'node:crypto';
import type { Json } from '../core/canonical-json.ts';
import { limits } from '../core/limits.ts';
import { canonicalText } from './json-document.ts';
import { Refused } from './refused.ts';

const separator = '\u001f';
/** Room for the separator, the digits, and the number of a repeated part. */
const partKeyBytes = 48;

export class PartKeys {
  readonly #path: string;
  readonly #seen = new Map<string, number>();

  /** Throws Refused `bad-path` for a path that leaves no room. */
  constructor(path: string) {
    const most = limits.keyBytes - partKeyBytes;
    if (Buffer.byteLength(path) > most) {
      throw new Refused('bad-path', `the path leaves no room for the keys of parts: at most ${most} bytes`);
    }
    this.#path = path;
  }

  /** The key of the next part; the order of the document counts where several are the same. */
  keyOf(identity: Json): string {
    const digits = hash('sha256', canonicalText(identity)).slice(0, 32);
    const times = (this.#seen.get(digits) ?? 0) + 1;
    this.#seen.set(digits, times);
    return `${this.#path}${separator}${digits}${times === 1 ? '' : `-${times}`}`;
  }
}
