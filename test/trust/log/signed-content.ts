// Signatures to enter into a log.

import { digestOf } from '../../../src/core/digest.ts';
import { generateSigningKey, signerOf } from '../../../src/trust/signing-key.ts';
import type { SignedContent } from '../../../src/trust/signing-policy.ts';
import { simpleSigningBytes } from '../../../src/trust/simple-signing.ts';

const signer = signerOf(generateSigningKey());

/** A signature over a SimpleSigning document, each time another one; `name` makes its subject. */
export async function signedContent(name: string): Promise<SignedContent> {
  const payload = simpleSigningBytes(digestOf(name), 'localhost/test');
  return { kind: 'raw', payload, signature: await signer.sign(payload), publicKeyPem: signer.publicKeyPem };
}
