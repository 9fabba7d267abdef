// SimpleSigning documents: what cosign's `.sig` tags hold (containers/image docs/containers-signature.5.md; cosign's
// SIGNATURE_SPEC). The key signs the document's bytes themselves.

import { canonicalBytes } from '../core/canonical-json.ts';
import type { Digest } from '../core/digest.ts';
import { asObject, parseJsonObject, unverified } from './envelope.ts';
import { signatureHolds, type PublicKey } from './public-key.ts';
import { signPredicateType } from './predicate-types.ts';
import type { BundleEvidence } from './sigstore-bundle.ts';

const documentType = 'cosign container image signature';

/** `reference` is the name that policies of podman and skopeo compare: HOST/REPOSITORY without tag. */
export function simpleSigningBytes(subject: Digest, reference: string): Buffer {
  return canonicalBytes({
    critical: {
      identity: { 'docker-reference': reference },
      image: { 'docker-manifest-digest': subject },
      type: documentType,
    },
    optional: null,
  });
}

/** What a signed SimpleSigning document proves about `subject`; throws VERIFICATION_FAILED with the reason. */
export function simpleSigningEvidence(
  bytes: Uint8Array,
  signature: Uint8Array,
  key: PublicKey,
  subject: Digest,
): BundleEvidence {
  if (!signatureHolds(key, bytes, signature)) throw unverified('the signature does not match the key');
  return {
    subject,
    predicateType: signPredicateType,
    keyHint: key.hint,
    statement: parseSimpleSigning(bytes, subject),
  };
}

/** A document that says that it is about `subject`; throws VERIFICATION_FAILED for any other. */
export function parseSimpleSigning(bytes: Uint8Array, subject: Digest): Record<string, unknown> {
  const document = parseJsonObject(bytes, 'the signed document');
  const { image, type } = asObject(document['critical'], 'the signed document');
  if (type !== documentType) throw unverified('the signed document is of another type');
  if (asObject(image, 'the signed document')['docker-manifest-digest'] !== subject) {
    throw unverified('the signed document is about another artifact');
  }
  return document;
}
