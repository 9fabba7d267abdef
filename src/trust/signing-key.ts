// Private keys for signing: generated, or brought by the operator as cosign key, PKCS#8, SEC1 or PKCS#1.
// No error of this file repeats key material or what a parser said about it.

import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { ExportError } from '../core/errors.ts';
import { isCosignKey, openCosignKey } from './cosign-key.ts';
import { publicKeyOf, signatureDigest, type PublicKey } from './public-key.ts';
import type { Signer } from './types.ts';

export type SigningKey = { readonly privateKey: KeyObject; readonly publicKey: PublicKey };

const maxKeyChars = 64 * 1024;

/** A new ECDSA P-256 key: the kind that every cosign version and every admission controller takes. */
export function generateSigningKey(): SigningKey {
  return withPublic(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey);
}

/**
 * Reads an operator's key. `password` opens cosign keys and encrypted PKCS#8; cosign's own default is the empty one.
 * Throws INPUT_INVALID for damaged keys, wrong passwords and kinds that are not allowed.
 */
export async function importSigningKey(text: string, password = ''): Promise<SigningKey> {
  if (text.length > maxKeyChars) throw new ExportError('INPUT_INVALID', 'the signing key is longer than 64 KiB');
  if (!isCosignKey(text)) return withPublic(readPem(text, password));
  const der = await openCosignKey(text, password);
  try {
    return withPublic(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  } catch (cause) {
    if (cause instanceof ExportError) throw cause;
    throw new ExportError('INPUT_INVALID', 'the cosign key holds no private key that can be read');
  } finally {
    der.fill(0);
  }
}

/** PKCS#8 PEM, unencrypted: what the key store writes with mode 0600 and `cosign import-key-pair` reads. */
export function exportSigningKey({ privateKey }: SigningKey): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Signs as cosign verifies: SHA-256 with ECDSA (DER) or RSA PKCS#1 v1.5, Ed25519 over the data itself. */
export function signerOf({ privateKey, publicKey }: SigningKey): Signer {
  return {
    publicKeyPem: publicKey.pem,
    hint: publicKey.hint,
    sign(data) {
      const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
      sign(signatureDigest(publicKey.algorithm), data, privateKey, (error, signature) =>
        error ? reject(error) : resolve(signature),
      );
      return promise;
    },
  };
}

function readPem(text: string, password: string): KeyObject {
  if (!/-----BEGIN (?:ENCRYPTED |EC |RSA )?PRIVATE KEY-----/.test(text)) {
    throw new ExportError('INPUT_INVALID', 'not a private key in PEM form', {
      hint: 'give a cosign.key, or a PKCS#8, SEC1 or PKCS#1 private key in PEM',
    });
  }
  try {
    return createPrivateKey({ key: text, format: 'pem', passphrase: password });
  } catch {
    throw new ExportError('INPUT_INVALID', 'the signing key cannot be read: it is damaged or its password is wrong', {
      hint: 'give its password in EXPORT_CENTER_KEY_PASSWORD or COSIGN_PASSWORD',
    });
  }
}

function withPublic(privateKey: KeyObject): SigningKey {
  return { privateKey, publicKey: publicKeyOf(createPublicKey(privateKey)) };
}
