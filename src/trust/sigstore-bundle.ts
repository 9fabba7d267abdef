// sigstoreBundle v0.3 (sigstore protobuf-specs, Bundle) with a DSSE envelope and a public key hint. Written by hand and
// canonically: consumers fetch it every day, so it has no member that is not needed.

import { canonicalBytes, type Json } from '../core/canonical-json.ts';
import type { Digest } from '../core/digest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import {
  asObject,
  envelopeJson,
  parseEnvelope,
  parseJsonObject,
  preAuthEncoding,
  unverified,
  type Envelope,
  type JsonObject,
} from './envelope.ts';
import { parsePublicKey, signatureHolds, type PublicKey } from './public-key.ts';
import { parseStatement } from './statement.ts';
import type { SignatureEvidence } from './types.ts';

/** Largest sigstoreBundle or envelope that is read, in bytes; an SBOM attestation fits, a decoy does not. */
export const maxBundleBytes = 16 << 20;

export type SigstoreBundle = {
  readonly envelope: Envelope;
  /** Members of verificationMaterial besides the key: log entries, timestamps. */
  readonly material: JsonObject;
};

/** What a bundle proves, without the manifest that carried it. */
export type BundleEvidence = Omit<SignatureEvidence, 'carrier'>;

export function bundleBytes({ envelope, material }: SigstoreBundle, hint: string): Buffer {
  return canonicalBytes({
    mediaType: mediaTypes.sigstoreBundle,
    verificationMaterial: { ...material, publicKey: { hint } },
    dsseEnvelope: envelopeJson(envelope),
  });
}

/** Reads a bundle that a key signed; throws VERIFICATION_FAILED with the reason. Nothing is verified yet. */
export function parseBundle(bytes: Uint8Array): SigstoreBundle {
  if (bytes.byteLength > maxBundleBytes) throw unverified('the bundle is too large');
  const { mediaType, verificationMaterial, dsseEnvelope } = parseJsonObject(bytes, 'the bundle');
  if (mediaType !== mediaTypes.sigstoreBundle) throw unverified('not a sigstore bundle of version 0.3');
  if (dsseEnvelope === undefined) throw unverified('the bundle holds no DSSE envelope');
  const { publicKey, ...material } = asObject(verificationMaterial, 'the verification material');
  if (publicKey === undefined) throw unverified('the bundle is not signed by a plain key');
  return { envelope: parseEnvelope(dsseEnvelope), material: material as Record<string, Json> };
}

/** Checks signature, statement and subject of an envelope; throws VERIFICATION_FAILED with the reason. */
export function envelopeEvidence(envelope: Envelope, key: PublicKey, subject: Digest): BundleEvidence {
  if (!signatureHolds(key, preAuthEncoding(envelope.payloadType, envelope.payload), envelope.signature)) {
    throw unverified('the signature does not match the key');
  }
  return { ...parseStatement(envelope.payload, subject), subject, keyHint: key.hint };
}

/**
 * What the bytes of a sigstoreBundle prove about `subject` under `publicKeyPem`; for consumers that hold the bytes
 * already. The caller checks that the predicateType is one that it wants. Throws VERIFICATION_FAILED with the reason,
 * INPUT_INVALID for a key that is not allowed.
 */
export function signatureEvidence(bytes: Uint8Array, publicKeyPem: string, subject: Digest): BundleEvidence {
  const key = parsePublicKey(publicKeyPem);
  return envelopeEvidence(parseBundle(bytes).envelope, key, subject);
}
