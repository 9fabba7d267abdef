// Comparison of secrets in a time that tells nothing about where they differ.

import { timingSafeEqual } from 'node:crypto';
import { sha256 } from '../core/digest.ts';

export function sameSecret(given: string, expected: string): boolean {
  // Hashing first makes both sides equally long, which timingSafeEqual insists on.
  return timingSafeEqual(sha256(given), sha256(expected));
}
