// Layout N: sigstoreBundles as referrers of the subject (cosign 2.6 and later; distribution-spec end-12). Each is an
// image manifest with an empty config and one layer, the bundle.

import type { Digest } from '../core/digest.ts';
import { bare, describe, type Descriptor } from '../oci/descriptor.ts';
import { emptyDescriptor, emptyJson, imageManifest } from '../oci/manifest.ts';
import { annotationNames, mediaTypes } from '../oci/media-types.ts';
import type { RepositoryReader } from '../oci/repository.ts';
import { unverified } from './envelope.ts';
import type { PushLedger } from './push-ledger.ts';
import { policySatisfied, type SignedContent } from './signing-policy.ts';
import { envelopeEvidence, parseBundle } from './sigstore-bundle.ts';
import {
  maxCandidates,
  passOver,
  readImageManifest,
  readSmallBlob,
  type Search,
  type SearchResult,
} from './signature-search.ts';

const contentAnnotation = 'dev.sigstore.bundle.content';
const predicateTypeAnnotation = 'dev.sigstore.bundle.predicateType';
const bundleTypePrefix = 'application/vnd.dev.sigstore.bundle';

/** Good bundles among the referrers; foreign, damaged and other keys' bundles are passed over. */
export async function findReferrerBundles(search: Search): Promise<SearchResult> {
  const result: SearchResult = { found: new Map(), refused: [] };
  const candidates = (await search.repository.referrers(search.subject)).filter((item) => mayHoldBundle(item, search));
  // Those that say what they are go first: usually nothing else need be fetched.
  candidates.sort((a, b) => Number(declaredType(b) !== undefined) - Number(declaredType(a) !== undefined));
  for (const candidate of candidates.slice(0, maxCandidates)) {
    if (result.found.size === search.predicateTypes.length) break;
    if (result.found.has(declaredType(candidate) ?? '')) continue;
    await passOver(result, candidate.digest, () => lookAt(candidate, search, result));
  }
  return result;
}

async function lookAt(candidate: Descriptor, search: Search, { found }: SearchResult): Promise<void> {
  const { repository, subject, key, predicateTypes, policy } = search;
  const { envelope, material } = parseBundle(await readReferrerBundle(repository, candidate.digest));
  const evidence = { ...envelopeEvidence(envelope, key, subject), carrier: candidate.digest };
  if (!predicateTypes.includes(evidence.predicateType) || found.has(evidence.predicateType)) return;
  const { payload, signature } = envelope;
  const content: SignedContent = { kind: 'dsse', payload, signature, publicKeyPem: key.pem };
  if (!policySatisfied(policy, content, { material })) throw unverified('it lacks testimony that the policy asks for');
  found.set(evidence.predicateType, { evidence, content });
}

/** The bytes of the one bundle that a referrer carries. Throws VERIFICATION_FAILED when it carries something else. */
export async function readReferrerBundle(repository: RepositoryReader, referrer: Digest): Promise<Buffer> {
  const stored = await readImageManifest(repository, referrer);
  if (!stored) throw unverified('the manifest is not there');
  const [layer, ...others] = stored.manifest.layers;
  if (!layer || others.length > 0 || !layer.mediaType.startsWith(bundleTypePrefix)) {
    throw unverified('the manifest does not carry one sigstore bundle');
  }
  return readSmallBlob(repository, layer);
}

/** Writes one bundle as a referrer of `subject`. `created` is RFC 3339. */
export async function pushReferrerBundle(
  push: PushLedger,
  subject: Descriptor,
  bundle: Buffer,
  { predicateType, created }: { readonly predicateType: string; readonly created: string },
): Promise<void> {
  const layer = describe(mediaTypes.sigstoreBundle, bundle);
  await push.blob(emptyDescriptor, emptyJson);
  await push.blob(layer, bundle);
  await push.manifest(
    imageManifest({
      artifactType: mediaTypes.sigstoreBundle,
      config: emptyDescriptor,
      layers: [layer],
      subject: bare(subject),
      annotations: {
        [contentAnnotation]: 'dsse-envelope',
        [predicateTypeAnnotation]: predicateType,
        [annotationNames.created]: created,
      },
    }),
  );
}

function declaredType(descriptor: Descriptor): string | undefined {
  return descriptor.annotations?.[predicateTypeAnnotation];
}

/** Fallback indexes that older cosign wrote name the type of the empty config and no annotations. */
function mayHoldBundle(descriptor: Descriptor, { predicateTypes }: Search): boolean {
  const { artifactType = '' } = descriptor;
  const declared = declaredType(descriptor);
  if (declared !== undefined && !predicateTypes.includes(declared)) return false;
  return artifactType === '' || artifactType === mediaTypes.ociEmpty || artifactType.startsWith(bundleTypePrefix);
}
