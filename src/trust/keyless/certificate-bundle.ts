// SigstoreBundles that a certificate signed: made here, and checked offline by @sigstore/verify against a trusted root. The
// certificate was good for minutes, so a log or a timestamp authority must have seen the signature within them. Loaded by
// those alone who sign or verify so.

import { X509Certificate } from 'node:crypto';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { canonicalBytes } from '../../core/canonical-json.ts';
import type { Digest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import {
  envelopeJson,
  parseEnvelope,
  parseJsonObject,
  unverified,
  type Envelope,
  type JsonObject,
} from '../envelope.ts';
import { signPredicateType } from '../predicate-types.ts';
import { maxBundleBytes } from '../sigstore-bundle.ts';
import { parseSimpleSigning } from '../simple-signing.ts';
import { parseStatement } from '../statement.ts';
import type { Identity } from './keyless-settings.ts';

export type CertificateTrust = {
  /** Bytes of `trusted_root.json`. */
  readonly trustedRoot: Uint8Array;
  readonly identity: Identity;
  /** How many logs and timestamp authorities must have seen the signature; together at least one. */
  readonly logs: number;
  readonly timestamps: number;
};

/** `document` is the SimpleSigning document where a bundle has a signature over that alone. */
export type CertificateCheck = (
  bundle: Uint8Array,
  subject: Digest,
  document?: Buffer,
) => { readonly predicateType: string };

export function certificateBundleBytes(envelope: Envelope, certificatePem: string, material: JsonObject): Buffer {
  return canonicalBytes({
    mediaType: mediaTypes.sigstoreBundle,
    verificationMaterial: {
      ...material,
      certificate: { rawBytes: new X509Certificate(certificatePem).raw.toString('base64') },
    },
    dsseEnvelope: envelopeJson(envelope),
  });
}

/**
 * A check of bundles under one trust. Throws INPUT_INVALID when the trusted root names no authority for certificates; the
 * check throws VERIFICATION_FAILED with the reason.
 */
export function certificateCheck({ trustedRoot, identity, logs, timestamps }: CertificateTrust): CertificateCheck {
  const root = TrustedRoot.fromJSON(parseJsonObject(trustedRoot, 'the trusted root'));
  if (root.certificateAuthorities.length === 0) {
    throw new ExportError('INPUT_INVALID', 'the trusted root names no authority for certificates', {
      hint: 'set EXPORT_CENTER_TRUSTED_ROOT to a file with the chain of Fulcio, as `cosign trusted-root create` makes it',
    });
  }
  const verifier = new Verifier(toTrustMaterial(root), {
    tlogThreshold: logs,
    // Where certificates are logged, they are looked for.
    ctlogThreshold: root.ctlogs.length > 0 ? 1 : 0,
    timestampThreshold: logs + timestamps,
  });
  return (bundle, subject, document) => {
    if (bundle.byteLength > maxBundleBytes) throw unverified('the bundle is too large');
    const json = parseJsonObject(bundle, 'the bundle');
    const signer = verifiedSigner(() => verifier.verify(toSignedEntity(bundleFromJSON(json), document)));
    // Compared as a whole: the library takes a name for a pattern.
    if (signer.identity?.subjectAlternativeName !== identity.name) throw unverified('somebody else signed it');
    if (signer.identity.extensions?.issuer !== identity.issuer)
      throw unverified('another issuer vouched for its signer');
    if (document === undefined) return parseStatement(parseEnvelope(json['dsseEnvelope']).payload, subject);
    parseSimpleSigning(document, subject);
    return { predicateType: signPredicateType };
  };
}

function verifiedSigner(verify: () => ReturnType<Verifier['verify']>): ReturnType<Verifier['verify']> {
  try {
    return verify();
  } catch (thrown) {
    // The library throws whatever it stumbles over.
    throw unverified(thrown instanceof Error ? thrown.message : String(thrown));
  }
}
