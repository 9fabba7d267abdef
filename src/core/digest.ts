// Digests as the OCI image spec writes them (image-spec descriptor.md §digests): algorithm ":" lower-case hex.

import { createHash, hash, type Hash } from 'node:crypto';
import { ExportError } from './errors.ts';

declare const digestBrand: unique symbol;

/** `sha256:<64 hex>` or `sha512:<128 hex>`; made only by the functions of this file. */
export type Digest = string & { readonly [digestBrand]: true };

export type DigestAlgorithm = 'sha256' | 'sha512';

const pattern = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export function isDigest(text: string): text is Digest {
  return pattern.test(text);
}

/** Throws INPUT_INVALID unless `text` is a digest of a known algorithm in lower-case hex. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new ExportError('INPUT_INVALID', `not a digest: ${JSON.stringify(text.slice(0, 100))}`, {
    hint: 'a digest is written sha256:<64 lower-case hex digits>',
  });
}

export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** The hex part, without the algorithm. */
export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** SHA-256 of `bytes` (a string is hashed as UTF-8) as a digest. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${hash('sha256', bytes, 'hex')}` as Digest;
}

/** SHA-256 of `bytes` as 32 raw bytes. */
export function sha256(bytes: Uint8Array | string): Buffer {
  return hash('sha256', bytes, 'buffer');
}

export function digestFromSha256(raw: Uint8Array): Digest {
  return `sha256:${Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('hex')}` as Digest;
}

export function sha256FromDigest(digest: Digest): Buffer {
  return Buffer.from(digestHex(digest), 'hex');
}

/** A running hash whose result is a digest. */
export class Digester {
  readonly algorithm: DigestAlgorithm;
  readonly #hash: Hash;

  constructor(algorithm: DigestAlgorithm = 'sha256') {
    this.algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** May be called once. */
  digest(): Digest {
    return `${this.algorithm}:${this.#hash.digest('hex')}` as Digest;
  }
}
