// Whether a timestamp authority of a trusted root saw a signature, checked offline (RFC 3161 §2.4.2): the token is about
// this very signature, a certificate for timestamps signed it, and that leads to the authority's root. By
// @sigstore/verify; loaded by those alone who look at timestamps.

import { createPublicKey } from 'node:crypto';
import { RFC3161Timestamp } from '@sigstore/core';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toTrustMaterial, Verifier, type SignedEntity, type TrustMaterial } from '@sigstore/verify';
import { asObject, base64, parseJsonObject, unverified } from '../envelope.ts';
import type { SignedContent, Testimony } from '../signing-policy.ts';

/** Where cosign keeps a token below its tags. */
export const timestampAnnotation = 'dev.sigstore.cosign/rfc3161timestamp';

export type TimestampAuthorities = TrustMaterial['timestampAuthorities'];

/** sigstore-go's own bound. */
const maxTimestamps = 32;

/** The authorities of a trusted root (bytes of `trusted_root.json`); throws VERIFICATION_FAILED when it is none. */
export function trustedAuthorities(trustedRoot: Uint8Array): TimestampAuthorities {
  const { mediaType, timestampAuthorities = [] } = parseJsonObject(trustedRoot, 'the trusted root');
  try {
    return toTrustMaterial(TrustedRoot.fromJSON({ mediaType, timestampAuthorities })).timestampAuthorities;
  } catch {
    throw unverified("the trusted root's timestamp authorities cannot be read");
  }
}

/**
 * The earliest instant at which one of `authorities` saw the signature, by what it carries: members of a sigstoreBundle's
 * verificationMaterial, or annotations of a cosign tag's layer. Throws VERIFICATION_FAILED with the reason.
 */
export function checkTimestamp(
  content: SignedContent,
  carried: Partial<Testimony>,
  authorities: TimestampAuthorities,
): Date {
  const tokens = carriedTokens(carried);
  if (tokens.length === 0) throw unverified('it carries no timestamp of an authority');
  const instants: Date[] = [];
  const reasons: string[] = [];
  for (const token of tokens.slice(0, maxTimestamps)) {
    try {
      instants.push(checkToken(content, token, authorities));
    } catch (thrown) {
      // The parser throws whatever it stumbles over.
      reasons.push(thrown instanceof Error ? thrown.message : String(thrown));
    }
  }
  if (instants.length === 0) throw unverified(`its timestamp is not good: ${reasons.join('; ')}`);
  return new Date(Math.min(...instants.map((instant) => instant.getTime())));
}

/** The instant that one token (a TimeStampResp in DER) vouches for. Throws whatever is wrong with it. */
function checkToken(
  { signature, publicKeyPem }: SignedContent,
  token: Buffer,
  timestampAuthorities: TimestampAuthorities,
): Date {
  const timestamp = RFC3161Timestamp.parse(Buffer.from(token));
  const publicKey = createPublicKey(publicKeyPem);
  const trust: TrustMaterial = {
    certificateAuthorities: [],
    timestampAuthorities,
    tlogs: [],
    ctlogs: [],
    // How long a key is good is not said anywhere: whoever gives it to verify with trusts it.
    publicKey: () => ({ publicKey, validFor: () => true }),
  };
  const entity: SignedEntity = {
    // The signature itself was checked before.
    signature: {
      signature,
      compareSignature: (other) => other.equals(signature),
      compareDigest: () => false,
      compareSignedDigest: () => false,
      verifySignature: () => true,
    },
    key: { $case: 'public-key', hint: '' },
    timestamps: [{ $case: 'timestamp-authority', timestamp }],
    tlogEntries: [],
  };
  new Verifier(trust, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 1 }).verify(entity);
  return timestamp.signingTime;
}

/** The token (in base64, unless it is none at all) in the annotation of a layer. */
export function tokenOfAnnotation(text: string): string {
  const { SignedRFC3161Timestamp } = parseJsonObject(Buffer.from(text), 'the timestamp annotation');
  if (typeof SignedRFC3161Timestamp !== 'string') throw unverified('the timestamp annotation has no timestamp');
  return SignedRFC3161Timestamp;
}

function carriedTokens({ material, annotations }: Partial<Testimony>): Buffer[] {
  if (material === undefined) {
    const text = annotations?.[timestampAnnotation];
    if (text === undefined) return [];
    return [base64(tokenOfAnnotation(text), 'the timestamp')];
  }
  const { rfc3161Timestamps = [] } = asObject(material['timestampVerificationData'] ?? {}, 'the timestamps');
  if (!Array.isArray(rfc3161Timestamps)) throw unverified('the timestamps are not a list');
  return rfc3161Timestamps.map((item) => base64(asObject(item, 'a timestamp')['signedTimestamp'], 'a timestamp'));
}
