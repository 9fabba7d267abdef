// Bundles of single files: what is refused before it is signed, and what a damaged bundle says.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { limits } from '../../src/core/limits.ts';
import { preAuthEncoding } from '../../src/trust/envelope.ts';
import { fileEvidence, parseFileBundle, signFile } from '../../src/trust/file-signature.ts';
import { generateSigningKey, signerOf } from '../../src/trust/signing-key.ts';
import { keyOnlyPolicy } from '../../src/trust/signing-policy.ts';
import { simpleSigningBytes } from '../../src/trust/simple-signing.ts';
import { digestOf } from '../../src/core/digest.ts';

const key = generateSigningKey();
const sign = (content: Buffer): Promise<Buffer> => signFile(content, signerOf(key), keyOnlyPolicy);

describe('the signature of a file', () => {
  it('is never one of a statement or of an artifact at the same time', async () => {
    const statement = preAuthEncoding('application/vnd.in-toto+json', Buffer.from('{}'));
    for (const content of [statement, simpleSigningBytes(digestOf('x'), 'localhost/a')]) {
      await assert.rejects(sign(content), { code: 'INPUT_INVALID', message: /not signed as a file/ });
    }
  });

  it('is refused for more than can be signed in one piece', async () => {
    const content = Buffer.alloc(limits.signedFileBytes + 1);
    await assert.rejects(sign(content), { code: 'INPUT_TOO_LARGE' });
  });

  it('says what is wrong with a bundle', async () => {
    const file = Buffer.from('file');
    const good = JSON.parse((await sign(file)).toString()) as Record<string, unknown>;
    const reason = (change: object): string => {
      try {
        fileEvidence(parseFileBundle(Buffer.from(JSON.stringify({ ...good, ...change }))), file, key.publicKey);
        return 'nothing';
      } catch (thrown) {
        return (thrown as Error).message;
      }
    };
    const message = good['messageSignature'] as { messageDigest: object };
    const others = {
      'not a sigstore bundle of version 0.3': { mediaType: 'application/json' },
      'the bundle holds no signature of a file': { messageSignature: undefined },
      'the bundle is not signed by a plain key': { verificationMaterial: {} },
      "the file's digest is not SHA-256": {
        messageSignature: { ...message, messageDigest: { algorithm: 'SHA2_512' } },
      },
      'the signature does not match the key': { messageSignature: { ...message, signature: 'AAAA' } },
    };
    assert.equal(reason({}), 'nothing');
    for (const [want, change] of Object.entries(others)) assert.equal(reason(change), want);
  });
});
