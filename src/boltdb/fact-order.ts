// The order of facts (types.ts), which is the order of keys in a bolt file: bytes, name by name.

import { compareUtf8 } from '../core/order.ts';
import type { BoltBytes, BoltFact } from './types.ts';

/** Compares the places of two facts: [...path, key], name by name, each by its bytes. */
export function compareFacts(a: Pick<BoltFact, 'path' | 'key'>, b: Pick<BoltFact, 'path' | 'key'>): number {
  const shared = Math.min(a.path.length, b.path.length);
  for (let i = 0; i < shared; i++) {
    const order = compareBytes(a.path[i] ?? '', b.path[i] ?? '');
    if (order !== 0) return order;
  }
  const order = compareBytes(a.path[shared] ?? a.key, b.path[shared] ?? b.key);
  return order || a.path.length - b.path.length;
}

/** Compares by bytes; a string by those of its UTF-8. */
export function compareBytes(a: BoltBytes, b: BoltBytes): number {
  if (a === b) return 0;
  if (typeof a === 'string' && typeof b === 'string') return compareUtf8(a, b);
  return Buffer.compare(asBuffer(a), asBuffer(b));
}

/** The bytes themselves: a view of an array, the UTF-8 of a string. */
export function asBuffer(bytes: BoltBytes): Buffer {
  if (typeof bytes === 'string') return Buffer.from(bytes, 'utf8');
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
