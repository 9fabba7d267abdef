// A certificate of Fulcio (its API v2, POST /api/v2/signingCert) for a key that lives as long as the call: who has the
// identity token proves with it that the key is theirs.

import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { ExportError } from '../../core/errors.ts';
import { postInTime, type Post } from '../http-signer.ts';

export type CertifiedKey = {
  readonly privateKey: KeyObject;
  /** PEM of the certificate alone; its chain is in the trusted root. */
  readonly certificatePem: string;
};

const maxAnswerBytes = 256 << 10;

/** Throws DENIED when the token is refused, UNREACHABLE when the authority does not answer with a certificate. */
export async function certifiedKey(fulcio: URL, token: string, post: Post): Promise<CertifiedKey> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const body = Buffer.from(
    JSON.stringify({
      credentials: { oidcIdentityToken: token },
      publicKeyRequest: {
        publicKey: { algorithm: 'ECDSA', content: publicKey.export({ type: 'spki', format: 'pem' }) },
        proofOfPossession: sign('sha256', Buffer.from(provenClaim(token)), privateKey).toString('base64'),
      },
    }),
  );
  const url = new URL(`${fulcio.pathname.replace(/\/$/, '')}/api/v2/signingCert`, fulcio);
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  const answer = await postInTime(post, `Fulcio at ${url.host}`, { url, headers, body, maxAnswerBytes });
  if (answer.status !== 200 && answer.status !== 201) throw refused(url.host, answer.status);
  return { privateKey, certificatePem: leafOf(answer.body, url.host) };
}

/** What the key signs to prove that it belongs to the token: its address if it has one, else its subject. */
function provenClaim(token: string): string {
  try {
    const [, payload = ''] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Record<string, unknown>;
    const claim = claims['email'] ?? claims['sub'];
    if (typeof claim === 'string' && claim !== '') return claim;
  } catch {
    // Told below, without the token.
  }
  throw new ExportError('INPUT_INVALID', 'the identity token is no JWT with a subject', {
    hint: 'EXPORT_CENTER_IDENTITY_TOKEN, or its file, has the token alone: three parts with dots in between',
  });
}

function leafOf(bytes: Buffer, host: string): string {
  type Chain = { readonly chain?: { readonly certificates?: readonly unknown[] } };
  try {
    const answer = JSON.parse(bytes.toString('utf8')) as {
      signedCertificateEmbeddedSct?: Chain;
      signedCertificateDetachedSct?: Chain;
    };
    const { chain } = answer.signedCertificateEmbeddedSct ?? answer.signedCertificateDetachedSct ?? {};
    const [leaf] = chain?.certificates ?? [];
    if (typeof leaf === 'string' && leaf.includes('-----BEGIN CERTIFICATE-----')) return leaf;
  } catch {
    // Told below.
  }
  throw new ExportError('UNREACHABLE', `Fulcio at ${host} answered with something else than a certificate`);
}

function refused(host: string, status: number): ExportError {
  if (status === 400 || status === 401 || status === 403) {
    return new ExportError('DENIED', `Fulcio at ${host} refused the identity token (${status})`, {
      hint: 'it may be over, or of an issuer or audience that this Fulcio does not know',
    });
  }
  return new ExportError('UNREACHABLE', `Fulcio at ${host} answered with status ${status}`, {
    retryable: status >= 500,
  });
}
