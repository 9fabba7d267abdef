// Layout L: the tags `sha256-<hex>.sig` (SimpleSigning) and `.att` (bare DSSE envelopes), which cosign before 2.6 and
// most admission controllers read. One layer for each signature; others' layers are kept when one is added.

import { canonicalBytes } from '../core/canonical-json.ts';
import { digestAlgorithm, digestHex, type Digest } from '../core/digest.ts';
import { ExportError } from '../core/errors.ts';
import { describe, type Descriptor } from '../oci/descriptor.ts';
import { imageManifest } from '../oci/manifest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import type { Repository } from '../oci/repository.ts';
import { base64, parseEnvelope, parseJsonObject, unverified } from './envelope.ts';
import { signPredicateType } from './predicate-types.ts';
import type { PushLedger } from './push-ledger.ts';
import { envelopeEvidence, type BundleEvidence } from './sigstore-bundle.ts';
import { maxCandidates, passOver, readImageManifest, readSmallBlob } from './signature-search.ts';
import type { Search, SearchResult } from './signature-search.ts';
import { policySatisfied, type SignedContent } from './signing-policy.ts';
import { simpleSigningEvidence } from './simple-signing.ts';

export const signatureAnnotation = 'dev.cosignproject.cosign/signature';

/** cosign reads no more layers than that (pkg/oci/remote/signatures.go). */
const maxLayers = 1_000;

export function cosignTag(subject: Digest, suffix: 'sig' | 'att'): string {
  return `${digestAlgorithm(subject)}-${digestHex(subject)}.${suffix}`;
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

type LayerContent = { readonly content: SignedContent; readonly evidence: BundleEvidence };

async function readSignature(layer: Descriptor, { repository, key, subject }: Search): Promise<LayerContent> {
  if (layer.mediaType !== mediaTypes.simpleSigning) throw unverified('the layer is no SimpleSigning document');
  const signature = base64(layer.annotations?.[signatureAnnotation], 'the signature annotation');
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

/**
 * Adds a layer below a tag and keeps those that are there. Read, change, write: the caller serialises writers of one
 * subject. Throws CONFLICT when the tag holds something that no signature can be added to.
 */
export async function appendToTag(
  repository: Repository,
  push: PushLedger,
  tag: string,
  layer: Descriptor,
  blob: Buffer,
): Promise<void> {
  const present = await readTagForWriting(repository, tag);
  const layers = [...(await layersThatAreThere(repository, present?.layers ?? [])), layer];
  if (layers.length > maxLayers) throw conflict(tag, `it holds ${maxLayers} signatures already`);
  const config = configOf(layers);
  const descriptor = describe(mediaTypes.ociConfig, config);
  await push.blob(layer, blob);
  await push.blob(descriptor, config);
  const annotations = present?.annotations;
  await push.manifest(imageManifest({ config: descriptor, layers, ...(annotations ? { annotations } : {}) }), [tag]);
}

/** A layer whose blob was lost would make registries refuse the manifest, and its signature is gone anyway. */
async function layersThatAreThere(repository: Repository, layers: readonly Descriptor[]): Promise<Descriptor[]> {
  const sizes = await Promise.all(layers.map(({ digest }) => repository.statBlob(digest)));
  return layers.filter((_, position) => sizes[position] !== undefined);
}

async function readTagForWriting(
  repository: Repository,
  tag: string,
): Promise<{ layers: readonly Descriptor[]; annotations?: Descriptor['annotations'] } | undefined> {
  try {
    return (await readImageManifest(repository, tag))?.manifest;
  } catch (thrown) {
    if (!(thrown instanceof ExportError) || !['VERIFICATION_FAILED', 'INPUT_INVALID'].includes(thrown.code))
      throw thrown;
    throw conflict(tag, thrown.message);
  }
}

/** The image config that go-containerregistry writes around signatures: nothing but the list of layers. */
function configOf(layers: readonly Descriptor[]): Buffer {
  const created = '0001-01-01T00:00:00Z';
  return canonicalBytes({
    architecture: '',
    config: {},
    created,
    history: layers.map(() => ({ created })),
    os: '',
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
  });
}

function conflict(tag: string, why: string): ExportError {
  return new ExportError('CONFLICT', `no signature can be added to the tag ${tag}: ${why}`, {
    hint: 'remove the tag, it is written again with the next signature',
  });
}
