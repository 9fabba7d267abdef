// Keys of TUF roles: Ed25519 in 64 hex digits, ECDSA P-256 and RSA in PEM, the three forms that tuf-js, python-tuf and
// go-tuf all verify. The id is the SHA-256 of the canonical key object, so equal keys have equal ids.

import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, constants } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { ExportError } from '../../core/errors.ts';
import { sha256 } from '../../core/digest.ts';
import { olpcBytes } from './canonical.ts';
import type { TufKey } from './types.ts';

/** Signs for one key; a file holds the key, or something else that can sign. */
export type TufSigner = {
  readonly keyId: string;
  readonly key: TufKey;
  /** The signature over `data` in hex, as TUF writes it: raw for Ed25519, DER for ECDSA, PSS for RSA. */
  sign(data: Uint8Array): Promise<string>;
};

const hexKey = /^[0-9a-f]{64}$/;
/** SubjectPublicKeyInfo of an Ed25519 key up to its 32 bytes (RFC 8410 §4). */
const ed25519Prefix = Buffer.from('302a300506032b6570032100', 'hex');
const pssOptions = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

export function keyIdOf(key: TufKey): string {
  return sha256(olpcBytes(key)).toString('hex');
}

/** A new Ed25519 private key as PKCS#8 PEM: its signatures are deterministic, so a repeated publication is the same. */
export function generateTufKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Reads a private key (PKCS#8 or SEC1 PEM). Throws INPUT_INVALID without repeating any of it. */
export function tufSigner(pem: string): TufSigner {
  const privateKey = readKey(() => createPrivateKey(pem), 'not a private key in PEM form that can be read');
  const key = tufKeyOf(createPublicKey(privateKey));
  return {
    keyId: keyIdOf(key),
    key,
    sign: (data) => Promise.resolve(sign(digestOfKey(key), data, keyInput(key, privateKey)).toString('hex')),
  };
}

/** The key object of a public key in SPKI PEM (or of a private key's public half). Throws INPUT_INVALID. */
export function tufKeyFromPem(pem: string): TufKey {
  return tufKeyOf(readKey(() => createPublicKey(pem), 'not a public key in PEM form that can be read'));
}

/** Whether `sig` (hex) over `data` was made by the key. Never throws: a malformed signature is a false one. */
export function tufSignatureHolds(key: TufKey, data: Uint8Array, sig: string): boolean {
  try {
    return verify(digestOfKey(key), data, keyInput(key, publicKeyOf(key)), Buffer.from(sig, 'hex'));
  } catch {
    return false;
  }
}

/** The key itself, for what compares keys by their material. Throws INPUT_INVALID. */
export function publicKeyOf(key: TufKey): KeyObject {
  const { public: text } = key.keyval;
  if (key.keytype !== 'ed25519') return readKey(() => createPublicKey(text), 'a TUF key holds no PEM that can be read');
  if (!hexKey.test(text)) throw new ExportError('INPUT_INVALID', 'an Ed25519 key of TUF is 64 lower-case hex digits');
  const der = Buffer.concat([ed25519Prefix, Buffer.from(text, 'hex')]);
  return createPublicKey({ key: der, format: 'der', type: 'spki' });
}

function tufKeyOf(key: KeyObject): TufKey {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ed25519') {
    const raw = key.export({ type: 'spki', format: 'der' }).subarray(ed25519Prefix.length);
    return { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: raw.toString('hex') } };
  }
  const pem = key.export({ type: 'spki', format: 'pem' }).toString();
  if (key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') {
    return { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256', keyval: { public: pem } };
  }
  if (key.asymmetricKeyType === 'rsa' && modulusLength >= 2048) {
    return { keytype: 'rsa', scheme: 'rsassa-pss-sha256', keyval: { public: pem } };
  }
  throw new ExportError('INPUT_INVALID', 'not every TUF client verifies with this kind of key', {
    hint: 'use Ed25519, ECDSA P-256 or RSA with at least 2048 bits',
  });
}

function digestOfKey({ keytype }: TufKey): 'sha256' | null {
  return keytype === 'ed25519' ? null : 'sha256';
}

function keyInput({ keytype }: TufKey, key: KeyObject) {
  return keytype === 'rsa' ? { key, ...pssOptions } : key;
}

function readKey(read: () => KeyObject, otherwise: string): KeyObject {
  try {
    return read();
  } catch {
    throw new ExportError('INPUT_INVALID', otherwise);
  }
}
