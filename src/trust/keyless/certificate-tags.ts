// An identity's signatures below cosign's tags (layout L): like those of keys, with the certificate beside each. To be
// checked, a layer is read as the bundle that it would be.

import { X509Certificate } from 'node:crypto';
import { canonicalBytes, type Json } from '../../core/canonical-json.ts';
import { sha256, type Digest } from '../../core/digest.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import type { RepositoryReader } from '../../oci/repository.ts';
import { cosignTag, signatureOfLayer } from '../cosign-tags.ts';
import { parseJsonObject, unverified, type JsonObject } from '../envelope.ts';
import { bundleAnnotation, parseAnnotation, promiseJson } from '../log/logged-entry.ts';
import { maxCandidates, passOver, readImageManifest, readSmallBlob } from '../signature-search.ts';
import { timestampAnnotation, tokenOfAnnotation } from '../timestamp/check-timestamp.ts';
import type { CertificateCheck } from './certificate-bundle.ts';
import { foundOf, type CertificateBundles, type Carriers } from './certificate-search.ts';

/** PEM of the certificate (cosign's SIGNATURE_SPEC). */
export const certificateAnnotation = 'dev.sigstore.cosign/certificate';

/** The older format, in which a log's promise counts without a proof. */
const bundleType = 'application/vnd.dev.sigstore.bundle+json;version=0.1';

/** Which good signatures of an identity are below the two tags. Throws what the repository throws. */
export async function findCertificateTags(
  repository: RepositoryReader,
  subject: Descriptor,
  check: CertificateCheck,
): Promise<CertificateBundles> {
  const carriers: Carriers = new Map();
  const refused: string[] = [];
  const lookAt = async (layer: Descriptor, carrier: Digest): Promise<void> => {
    const blob = await readSmallBlob(repository, layer);
    const document = layer.mediaType === mediaTypes.simpleSigning ? blob : undefined;
    const { predicateType } = check(bundleOfLayer(layer, blob), subject.digest, document);
    if (!carriers.has(predicateType)) carriers.set(predicateType, carrier);
  };
  for (const tag of [cosignTag(subject.digest, 'sig'), cosignTag(subject.digest, 'att')]) {
    await passOver({ refused }, tag, async () => {
      const stored = await readImageManifest(repository, tag);
      if (!stored) return;
      const layers = stored.manifest.layers.filter(({ annotations }) => annotations?.[certificateAnnotation]);
      for (const layer of layers.slice(0, maxCandidates)) {
        await passOver({ refused }, `${tag} ${layer.digest}`, () => lookAt(layer, stored.digest));
      }
    });
  }
  return foundOf(carriers, refused);
}

/** Throws VERIFICATION_FAILED for a layer that can be none. */
export function bundleOfLayer(layer: Descriptor, blob: Buffer): Buffer {
  const { annotations = {} } = layer;
  const [log, timestamp] = [annotations[bundleAnnotation], annotations[timestampAnnotation]];
  return canonicalBytes({
    mediaType: bundleType,
    verificationMaterial: {
      x509CertificateChain: { certificates: [{ rawBytes: rawCertificate(annotations[certificateAnnotation]) }] },
      tlogEntries: log === undefined ? [] : [entryOfAnnotation(log)],
      ...(timestamp === undefined
        ? {}
        : { timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: tokenOfAnnotation(timestamp) }] } }),
    },
    ...contentOf(layer, blob),
  });
}

function contentOf(layer: Descriptor, blob: Buffer): JsonObject {
  if (layer.mediaType === mediaTypes.dsseEnvelope)
    return { dsseEnvelope: parseJsonObject(blob, 'the envelope') as Json };
  if (layer.mediaType !== mediaTypes.simpleSigning) throw unverified('the layer is no signature');
  const messageDigest = { algorithm: 'SHA2_256', digest: sha256(blob).toString('base64') };
  return { messageSignature: { messageDigest, signature: signatureOfLayer(layer).toString('base64') } };
}

function rawCertificate(pem = ''): string {
  try {
    return new X509Certificate(pem).raw.toString('base64');
  } catch {
    throw unverified('the certificate cannot be read');
  }
}

function entryOfAnnotation(text: string): Json {
  const promised = parseAnnotation(text);
  const { kind, apiVersion } = parseJsonObject(promised.body, 'the body of the log entry');
  return promiseJson(promised, { kind: String(kind), version: String(apiVersion) });
}
