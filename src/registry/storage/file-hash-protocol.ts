// What the thread that hashes files is told, and what it answers: each hash has a number, and only digests are answered.

import type { DigestAlgorithm } from '../../core/digest.ts';

export type FileHashRequest =
  | { readonly hash: number; readonly path: string; readonly algorithm: DigestAlgorithm }
  /** The file has `size` bytes now; with `last` its digest is wanted. */
  | { readonly hash: number; readonly size: number; readonly last: boolean }
  | { readonly hash: number; readonly drop: true };

export type FileHashAnswer = { readonly hash: number } & ({ readonly digest: string } | { readonly failure: string });
