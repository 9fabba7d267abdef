// Public keys that signatures are checked with: SPKI PEM, the form that `cosign verify --key` takes.
// Allowed are P-256, RSA 2048/3072/4096 and Ed25519. P-384 and P-521 are refused because versions of cosign disagree
// about the digest that belongs to them, so one version's signature fails in the next.

import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { digestHex, digestOf, sha256 } from '../core/digest.ts';
import { ExportError } from '../core/errors.ts';

export type KeyAlgorithm = 'ecdsa-p256' | 'rsa-2048' | 'rsa-3072' | 'rsa-4096' | 'ed25519';

export type PublicKey = {
  readonly key: KeyObject;
  readonly algorithm: KeyAlgorithm;
  /** SPKI PEM with LF line ends. */
  readonly pem: string;
  /** base64(SHA-256(SPKI DER)), which sigstoreBundles carry so that a verifier finds its key. */
  readonly hint: string;
  /** First 16 hex digits of SHA-256(SPKI DER): how people and file names call the key. */
  readonly id: string;
};

const maxPemChars = 64 * 1024;

/** Throws INPUT_INVALID for what is no SPKI PEM or no allowed kind of key. */
export function parsePublicKey(pem: string): PublicKey {
  if (pem.length > maxPemChars || !pem.includes('-----BEGIN PUBLIC KEY-----')) {
    throw new ExportError('INPUT_INVALID', 'not a public key in PEM form', {
      hint: 'the text starts with -----BEGIN PUBLIC KEY-----, as `export-center keys public` prints it',
    });
  }
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw new ExportError('INPUT_INVALID', 'the public key is damaged');
  }
  return publicKeyOf(key);
}

/** Describes a public key object; throws INPUT_INVALID for a kind that is not allowed. */
export function publicKeyOf(key: KeyObject): PublicKey {
  const algorithm = keyAlgorithm(key);
  const der = key.export({ type: 'spki', format: 'der' });
  const pem = key.export({ type: 'spki', format: 'pem' }).toString();
  return { key, algorithm, pem, hint: sha256(der).toString('base64'), id: digestHex(digestOf(der)).slice(0, 16) };
}

/** The digest that is signed; null where the algorithm hashes by itself (pure Ed25519). */
export function signatureDigest(algorithm: KeyAlgorithm): 'sha256' | null {
  return algorithm === 'ed25519' ? null : 'sha256';
}

/** Whether `signature` over `data` was made by the key. Never throws: a malformed signature is a false one. */
export function signatureHolds({ key, algorithm }: PublicKey, data: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(signatureDigest(algorithm), data, key, signature);
  } catch {
    return false;
  }
}

function keyAlgorithm(key: KeyObject): KeyAlgorithm {
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return 'ed25519';
    case 'ec':
      if (namedCurve === 'prime256v1') return 'ecdsa-p256';
      throw refused(
        `the curve ${namedCurve ?? 'unknown'}`,
        'cosign versions disagree about the digest of other curves',
      );
    case 'rsa':
      if (modulusLength === 2048 || modulusLength === 3072 || modulusLength === 4096) return `rsa-${modulusLength}`;
      throw refused(`RSA with ${modulusLength ?? 0} bits`, 'RSA keys have 2048, 3072 or 4096 bits');
    default:
      throw refused(`the key type ${key.asymmetricKeyType ?? 'unknown'}`, 'cosign cannot verify with it');
  }
}

function refused(what: string, why: string): ExportError {
  return new ExportError('INPUT_INVALID', `${what} is not accepted for signing: ${why}`, {
    hint: 'use ECDSA P-256, Ed25519 or RSA with 2048, 3072 or 4096 bits',
  });
}
