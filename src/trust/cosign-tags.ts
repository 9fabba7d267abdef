// Layout L: the tags `sha256-<hex>.sig` (SimpleSigning) and `.att` (bare DSSE envelopes), which cosign before 2.6 and
// most admission controllers read. One layer for each signature; others' layers are kept when one is added.

import { canonicalBytes } from '../core/canonical-json.ts';
import { digestAlgorithm, digestHex, type Digest } from '../core/digest.ts';
import { describe, type Annotations, type Descriptor } from '../oci/descriptor.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { base64, envelopeJson, inTotoPayloadType, parseEnvelope, parseJsonObject, unverified } from './envelope.ts';
import { signPredicateType } from './predicate-types.ts';
import { envelopeEvidence, type BundleEvidence } from './sigstore-bundle.ts';
import { maxCandidates, passOver, readImageManifest, readSmallBlob } from './signature-search.ts';
import type { Search, SearchResult } from './signature-search.ts';
import { policySatisfied, type SignedContent } from './signing-policy.ts';
import { simpleSigningEvidence } from './simple-signing.ts';

export const signatureAnnotation = 'dev.cosignproject.cosign/signature';

export function cosignTag(subject: Digest, suffix: 'sig' | 'att'): string {
  return `${digestAlgorithm(subject)}-${digestHex(subject)}.${suffix}`;
}

/** The layer of a SimpleSigning document; `annotations` are the testimony of witnesses. */
export function signatureLayer(document: Buffer, signature: Buffer, annotations: Annotations): Descriptor {
  return describe(mediaTypes.simpleSigning, document, {
    ...annotations,
    [signatureAnnotation]: signature.toString('base64'),
  });
}

/** The layer of an envelope, and its bytes. */
export function attestationLayer(
  { payload, signature }: Pick<SignedContent, 'payload' | 'signature'>,
  predicateType: string,
  annotations: Annotations,
): { readonly layer: Descriptor; readonly blob: Buffer } {
  const blob = canonicalBytes(envelopeJson({ payloadType: inTotoPayloadType, payload, signature }));
  // cosign skips layers without the annotation of a signature; for attestations it is empty.
  const layer = describe(mediaTypes.dsseEnvelope, blob, { ...annotations, [signatureAnnotation]: '', predicateType });
  return { layer, blob };
}

/** Good signatures below the two tags; damaged ones and other keys' are passed over. */
export async function findTagSignatures(search: Search): Promise<SearchResult> {
  const result: SearchResult = { found: new Map(), refused: [] };
  const attested = search.predicateTypes.filter((type) => type !== signPredicateType);
  if (attested.length < search.predicateTypes.length) await lookAtTag('sig', [signPredicateType], search, result);
  if (attested.length > 0) await lookAtTag('att', attested, search, result);
  return result;
}

async function lookAtTag(
  suffix: 'sig' | 'att',
  wanted: readonly string[],
  search: Search,
  result: SearchResult,
): Promise<void> {
  const tag = cosignTag(search.subject, suffix);
  await passOver(result, tag, async () => {
    const stored = await readImageManifest(search.repository, tag);
    if (!stored) return;
    for (const layer of stored.manifest.layers.slice(0, maxCandidates)) {
      if (wanted.every((type) => result.found.has(type))) return;
      await passOver(result, `${tag} ${layer.digest}`, async () => {
        const signature = await readLayer(suffix, layer, wanted, search);
        if (!signature || result.found.has(signature.evidence.predicateType)) return;
        const { content, evidence } = signature;
        result.found.set(evidence.predicateType, { content, evidence: { ...evidence, carrier: stored.digest } });
      });
    }
  });
}

/** The layer's good signature, undefined when it is of a type that is not wanted; throws what it is refused for. */
async function readLayer(
  suffix: 'sig' | 'att',
  layer: Descriptor,
  wanted: readonly string[],
  search: Search,
): Promise<LayerContent | undefined> {
  const { annotations = {} } = layer;
  const declared = annotations['predicateType'];
  if (suffix === 'att' && declared !== undefined && !wanted.includes(declared)) return undefined;
  const signature = await (suffix === 'sig' ? readSignature : readAttestation)(layer, search);
  if (!wanted.includes(signature.evidence.predicateType)) return undefined;
  if (!policySatisfied(search.policy, signature.content, { annotations })) {
    throw unverified('it lacks testimony that the policy asks for');
  }
  return signature;
}

/** Of a SimpleSigning document. Throws VERIFICATION_FAILED for a layer without one. */
export function signatureOfLayer({ annotations }: Descriptor): Buffer {
  return base64(annotations?.[signatureAnnotation], 'the signature annotation');
}

type LayerContent = { readonly content: SignedContent; readonly evidence: BundleEvidence };

async function readSignature(layer: Descriptor, { repository, key, subject }: Search): Promise<LayerContent> {
  if (layer.mediaType !== mediaTypes.simpleSigning) throw unverified('the layer is no SimpleSigning document');
  const signature = signatureOfLayer(layer);
  const payload = await readSmallBlob(repository, layer);
  const evidence = simpleSigningEvidence(payload, signature, key, subject);
  return { evidence, content: { kind: 'raw', payload, signature, publicKeyPem: key.pem } };
}

async function readAttestation(layer: Descriptor, { repository, key, subject }: Search): Promise<LayerContent> {
  if (layer.mediaType !== mediaTypes.dsseEnvelope) throw unverified('the layer is no DSSE envelope');
  const envelope = parseEnvelope(parseJsonObject(await readSmallBlob(repository, layer), 'the envelope'));
  const { payload, signature } = envelope;
  const evidence = envelopeEvidence(envelope, key, subject);
  return { evidence, content: { kind: 'dsse', payload, signature, publicKeyPem: key.pem } };
}
