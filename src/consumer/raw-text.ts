// The document inside a raw line (formats.md §1, §7): its text as a JSON string.

import { ExportError } from '../core/errors.ts';

/** The document's original bytes. Throws VERIFICATION_FAILED for what is no JSON string. */
export function rawText(v: Buffer): Buffer {
  let text: unknown;
  try {
    text = JSON.parse(v.toString('utf8'));
  } catch {
    text = undefined;
  }
  if (typeof text === 'string') return Buffer.from(text, 'utf8');
  throw new ExportError('VERIFICATION_FAILED', 'records are damaged: a raw line holds no text');
}
