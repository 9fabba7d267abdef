// Attaches signature and provenance to one artifact in both layouts, and only what is not there yet (formats.md §8):
// sigstoreBundles as referrers (N) and the `.sig`/`.att` tags (L). Blobs go before manifests, tags last.

import { canonicalBytes } from '../core/canonical-json.ts';
import { describe, type Descriptor } from '../oci/descriptor.ts';
import { mediaTypes } from '../oci/media-types.ts';
import type { Repository } from '../oci/repository.ts';
import { appendToTag, cosignTag, findTagSignatures, signatureAnnotation } from './cosign-tags.ts';
import { envelopeJson, inTotoPayloadType, preAuthEncoding } from './envelope.ts';
import { signPredicateType } from './predicate-types.ts';
import { parsePublicKey } from './public-key.ts';
import { PushLedger } from './push-ledger.ts';
import { findReferrerBundles, pushReferrerBundle } from './referrer-bundles.ts';
import type { Found } from './signature-search.ts';
import { gatherTestimony, type SignedContent, type SigningPolicy } from './signing-policy.ts';
import { bundleBytes } from './sigstore-bundle.ts';
import { simpleSigningBytes } from './simple-signing.ts';
import { statementBytes } from './statement.ts';
import type { SubjectQueue } from './subject-queue.ts';
import type { AttestResult, Predicate, Signer } from './types.ts';

export type AttestOptions = {
  readonly signer: Signer;
  /** See provenance.ts; kept as it is when this key attested the same type before. */
  readonly provenance: Predicate;
  /** HOST/REPOSITORY for the SimpleSigning document; podman and skopeo compare it. */
  readonly reference: string;
  /** RFC 3339 time for the referrers' annotation. */
  readonly created: string;
  readonly policy: SigningPolicy;
  /** `tags` alone for registries that take no artifact types of others; both by default. */
  readonly layouts?: 'both' | 'tags';
  /** One for the whole process: calls for one subject run one after the other. */
  readonly queue: SubjectQueue;
};

/**
 * Signs `subject`, which must be in `repository` already. Writes nothing when valid signature and provenance of this
 * key and policy are there, and repairs what one layout lacks. Throws INPUT_INVALID for a subject without SHA-256,
 * CONFLICT when a cosign tag holds something else, and what the repository throws.
 */
export function attest(repository: Repository, subject: Descriptor, options: AttestOptions): Promise<AttestResult> {
  return options.queue.run(`${repository.name}@${subject.digest}`, () => attestNow(repository, subject, options));
}

async function attestNow(repository: Repository, subject: Descriptor, options: AttestOptions): Promise<AttestResult> {
  const { signer, provenance, policy } = options;
  const search = {
    repository,
    subject: subject.digest,
    key: parsePublicKey(signer.publicKeyPem),
    predicateTypes: [signPredicateType, provenance.predicateType],
    policy,
  };
  const withReferrers = options.layouts !== 'tags';
  const [referrers, tags] = await Promise.all([
    withReferrers ? findReferrerBundles(search) : { found: new Map<string, Found>() },
    findTagSignatures(search),
  ]);
  const push = new PushLedger(repository);
  if (withReferrers && !referrers.found.has(signPredicateType)) {
    const sealed = await seal(subject, { predicateType: signPredicateType, predicate: {} }, signer);
    await pushBundle(push, subject, signPredicateType, sealed, options);
  }
  const known = [referrers.found.get(provenance.predicateType), tags.found.get(provenance.predicateType)];
  if (known.includes(undefined)) {
    // One envelope for both layouts: whoever reads either sees the run that first made the digest.
    const sealed = (known[0] ?? known[1])?.content ?? (await seal(subject, provenance, signer));
    if (withReferrers && !known[0]) await pushBundle(push, subject, provenance.predicateType, sealed, options);
    if (!known[1]) await pushAttestation(repository, push, subject, sealed, options);
  }
  if (!tags.found.has(signPredicateType)) await pushSignature(repository, push, subject, options);
  return push.total();
}

async function seal(subject: Descriptor, predicate: Predicate, signer: Signer): Promise<SignedContent> {
  const payload = statementBytes(subject.digest, predicate);
  const signature = await signer.sign(preAuthEncoding(inTotoPayloadType, payload));
  return { kind: 'dsse', payload, signature, publicKeyPem: signer.publicKeyPem };
}

async function pushBundle(
  push: PushLedger,
  subject: Descriptor,
  predicateType: string,
  sealed: SignedContent,
  { signer, policy, created }: AttestOptions,
): Promise<void> {
  const { material } = await gatherTestimony(policy, sealed);
  const envelope = { ...sealed, payloadType: inTotoPayloadType };
  await pushReferrerBundle(push, subject, bundleBytes({ envelope, material }, signer.hint), { predicateType, created });
}

async function pushAttestation(
  repository: Repository,
  push: PushLedger,
  subject: Descriptor,
  sealed: SignedContent,
  { provenance, policy }: AttestOptions,
): Promise<void> {
  const blob = canonicalBytes(envelopeJson({ ...sealed, payloadType: inTotoPayloadType }));
  const { annotations } = await gatherTestimony(policy, sealed);
  const layer = describe(mediaTypes.dsseEnvelope, blob, {
    ...annotations,
    // cosign skips layers without this annotation; for attestations it is empty.
    [signatureAnnotation]: '',
    predicateType: provenance.predicateType,
  });
  await appendToTag(repository, push, cosignTag(subject.digest, 'att'), layer, blob);
}

async function pushSignature(
  repository: Repository,
  push: PushLedger,
  subject: Descriptor,
  { signer, policy, reference }: AttestOptions,
): Promise<void> {
  const payload = simpleSigningBytes(subject.digest, reference);
  const signature = await signer.sign(payload);
  const content: SignedContent = { kind: 'raw', payload, signature, publicKeyPem: signer.publicKeyPem };
  const { annotations } = await gatherTestimony(policy, content);
  const layer = describe(mediaTypes.simpleSigning, payload, {
    ...annotations,
    [signatureAnnotation]: signature.toString('base64'),
  });
  await appendToTag(repository, push, cosignTag(subject.digest, 'sig'), layer, payload);
}
