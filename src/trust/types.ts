// What signing needs from a key, and what attaching and verifying give back (cosign bundle v0.3, DSSE, in-toto).

import type { Digest } from '../core/digest.ts';

/** A private key, wherever it lives: file, environment secret, KMS. Signs SHA-256/P-256, RSA PKCS#1 v1.5 or Ed25519. */
export interface Signer {
  /** SPKI PEM of the public key. */
  readonly publicKeyPem: string;
  /** base64(SHA-256(SPKI DER)), what cosign writes as hint. */
  readonly hint: string;
  /** Signature over `data`: DER for ECDSA, raw for Ed25519 and RSA. */
  sign(data: Uint8Array): Promise<Buffer>;
}

/** in-toto Statement v1 without the artifact as its subject, which attest fills in. */
export type Predicate = {
  readonly predicateType: string;
  readonly predicate: unknown;
  /** What the statement is about besides the artifact, which is always the first subject. */
  readonly alsoAbout?: readonly { readonly name: string; readonly digest: Digest }[];
};

export type AttestResult = {
  /** Manifests and blobs that had to be written; 0 when a valid signature was there (formats.md §8). */
  readonly written: number;
  readonly bytes: number;
};

/** One line of a verification report: ok with evidence, or not ok with the reason. */
export type Check =
  | { readonly name: string; readonly ok: true; readonly evidence: string }
  | { readonly name: string; readonly ok: false; readonly reason: string };

export type SignatureEvidence = {
  readonly subject: Digest;
  readonly predicateType: string;
  readonly keyHint: string;
  /** Digest of the referrer manifest or `.sig`/`.att` manifest that carried it. */
  readonly carrier: Digest;
  readonly statement: unknown;
};
