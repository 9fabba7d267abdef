// A timestamp authority as a witness of the signing policy (RFC 3161): it is sent the hash of each signature over HTTP
// (§3.4), and its answer is kept when the configured chain verifies it. The token carries no certificates: those who
// verify have them in their trusted root.

import { sha256 } from '../../core/digest.ts';
import { ExportError, toExportError } from '../../core/errors.ts';
import { postInTime, type Post } from '../http-signer.ts';
import type { SignedContent, Testimony, Witness } from '../signing-policy.ts';
import { checkTimestamp, timestampAnnotation, type TimestampAuthorities } from './check-timestamp.ts';

export type TimestampWitnessOptions = {
  readonly url: URL;
  readonly post: Post;
  /** Whose timestamps count: the one that is asked, and former ones. */
  readonly trusted: TimestampAuthorities;
};

/** A token with a chain of RSA-4096 certificates has some 10 KB. */
const maxAnswerBytes = 64 << 10;

export function timestampWitness({ url, post, trusted }: TimestampWitnessOptions): Witness {
  const name = `the timestamp authority ${url.host}`;
  return {
    name,
    async testify(content: SignedContent): Promise<Testimony> {
      const token = (await ask(url, post, name, timestampQuery(content.signature))).toString('base64');
      const testimony: Testimony = {
        material: { timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: token }] } },
        annotations: { [timestampAnnotation]: JSON.stringify({ SignedRFC3161Timestamp: token }) },
      };
      try {
        checkTimestamp(content, testimony, trusted);
      } catch (cause) {
        throw new ExportError('VERIFICATION_FAILED', `${name} gave no timestamp that its chain verifies`, {
          hint: 'EXPORT_CENTER_TIMESTAMP_CHAIN must be the chain of its certificate, that one first',
          cause,
        });
      }
      return testimony;
    },
    recognises(content: SignedContent, carried: Partial<Testimony>): boolean {
      try {
        checkTimestamp(content, carried, trusted);
        return true;
      } catch (thrown) {
        if (toExportError(thrown).code !== 'VERIFICATION_FAILED') throw thrown;
        return false;
      }
    },
  };
}

/** TimeStampReq in DER (§2.4.1): version 1 and SHA-256 of the signature. */
function timestampQuery(signature: Buffer): Buffer {
  return Buffer.concat([Buffer.from('30360201013031300d060960864801650304020105000420', 'hex'), sha256(signature)]);
}

async function ask(url: URL, post: Post, name: string, body: Buffer): Promise<Buffer> {
  const headers = { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' };
  const answer = await postInTime(post, name, { url, headers, body, maxAnswerBytes });
  if (answer.status === 200) return answer.body;
  throw new ExportError('UNREACHABLE', `${name} answered with status ${answer.status}`, {
    retryable: answer.status >= 500,
  });
}
