// cosign's encrypted private key: PEM around JSON {kdf: scrypt, cipher: nacl/secretbox, ciphertext}
// (go-securesystemslib encrypted/encrypted.go). The plaintext is PKCS#8 DER.

import { scrypt, type ScryptOptions } from 'node:crypto';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { ExportError } from '../core/errors.ts';

const pem =
  /-----BEGIN ENCRYPTED (SIGSTORE|COSIGN) PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END ENCRYPTED \1 PRIVATE KEY-----/;

/** The only work factors that cosign ever wrote; anything else could be a way to exhaust memory. */
const allowedN = new Set([32_768, 65_536, 131_072]);

type Sealed = { readonly cost: number; readonly salt: Buffer; readonly nonce: Buffer; readonly ciphertext: Buffer };

export function isCosignKey(text: string): boolean {
  return /-----BEGIN ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY-----/.test(text);
}

/** The PKCS#8 DER inside a cosign key. Throws INPUT_INVALID for a damaged key or a wrong password. */
export async function openCosignKey(text: string, password: string): Promise<Buffer> {
  const sealed = parse(text);
  const key = await stretch(password, sealed);
  try {
    return Buffer.from(xsalsa20poly1305(key, sealed.nonce).decrypt(sealed.ciphertext));
  } catch {
    throw new ExportError('INPUT_INVALID', 'the signing key could not be decrypted', {
      hint: 'give its password in EXPORT_CENTER_KEY_PASSWORD or COSIGN_PASSWORD',
    });
  } finally {
    key.fill(0);
  }
}

function parse(text: string): Sealed {
  const body = pem.exec(text)?.[2];
  if (body === undefined) throw damaged('its PEM frame is not whole');
  const { kdf, cipher, ciphertext } = parseJson(Buffer.from(body, 'base64').toString('utf8'));
  const { name, params, salt } = record(kdf);
  const { N, r, p } = record(params);
  if (name !== 'scrypt' || typeof N !== 'number' || !allowedN.has(N) || r !== 8 || p !== 1) {
    throw damaged('its key derivation is not one that cosign writes');
  }
  const { name: cipherName, nonce } = record(cipher);
  if (cipherName !== 'nacl/secretbox') throw damaged('its cipher is not nacl/secretbox');
  const sealed = { cost: N, salt: bytes(salt), nonce: bytes(nonce), ciphertext: bytes(ciphertext) };
  if (sealed.salt.length !== 32 || sealed.nonce.length !== 24) throw damaged('its salt or nonce has a wrong length');
  return sealed;
}

function stretch(password: string, { cost, salt }: Sealed): Promise<Buffer> {
  // Node's default bound of 32 MiB is below what these work factors need.
  const options: ScryptOptions = { N: cost, r: 8, p: 1, maxmem: 128 * 8 * cost + (1 << 20) };
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  scrypt(password, salt, 32, options, (error, key) => (error ? reject(error) : resolve(key)));
  return promise;
}

function parseJson(text: string): Record<string, unknown> {
  try {
    return record(JSON.parse(text));
  } catch {
    // The parser's message could quote the input.
    throw damaged('it does not hold JSON');
  }
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw damaged('a part is missing');
  return value as Record<string, unknown>;
}

function bytes(value: unknown): Buffer {
  if (typeof value !== 'string') throw damaged('a part is missing');
  return Buffer.from(value, 'base64');
}

function damaged(what: string): ExportError {
  return new ExportError('INPUT_INVALID', `the cosign key cannot be read: ${what}`);
}
