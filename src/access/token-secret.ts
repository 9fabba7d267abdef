// The text of a token: `xpc_`, 256 random bits, and a checksum over them, in letters and digits. The prefix lets scanners
// find leaked tokens; the checksum lets them, and us, tell a token from what only looks like one without asking a database.

import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { sha256 } from '../core/digest.ts';

export const tokenPrefix = 'xpc_';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** Digits that 256 and 32 bits need in base 62. */
const secretDigits = 43;
const checksumDigits = 6;
const form = new RegExp(`^${tokenPrefix}[0-9A-Za-z]{${secretDigits + checksumDigits}}$`);

/** A new token. It is nowhere but in the answer: what is kept is `hashToken` of it. */
export function createTokenSecret(): string {
  const secret = inBase62(BigInt(`0x${randomBytes(32).toString('hex')}`), secretDigits);
  return `${tokenPrefix}${secret}${checksum(secret)}`;
}

/** Whether `text` has the form and the checksum of a token. */
export function isTokenSecret(text: string): boolean {
  if (!form.test(text)) return false;
  const secret = text.slice(tokenPrefix.length, -checksumDigits);
  return text.endsWith(checksum(secret));
}

/** SHA-256 in hex: all that is kept of a token. 256 random bits need no salt and no slow hash. */
export function hashToken(text: string): string {
  return sha256(text).toString('hex');
}

function checksum(secret: string): string {
  return inBase62(BigInt(crc32(secret)), checksumDigits);
}

function inBase62(value: bigint, digits: number): string {
  let text = '';
  for (let rest = value; text.length < digits; rest /= 62n) text = `${alphabet[Number(rest % 62n)]}${text}`;
  return text;
}
