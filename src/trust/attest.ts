// Attaches signature and provenance to one artifact in both layouts, and only what is not there yet (formats.md §8):
// sigstoreBundles as referrers (N) and the `.sig`/`.att` tags (L). Blobs go before manifests, tags last.

import type { Descriptor } from '../oci/descriptor.ts';
import type { Repository } from '../oci/repository.ts';
import { attestationLayer, findTagSignatures, signatureLayer } from './cosign-tags.ts';
import { inTotoPayloadType, preAuthEncoding } from './envelope.ts';
import { signPredicateType } from './predicate-types.ts';
import { parsePublicKey } from './public-key.ts';
import { PushLedger } from './push-ledger.ts';
import { findReferrerBundles, pushReferrerBundle } from './referrer-bundles.ts';
import type { Found } from './signature-search.ts';
import { gatherTestimony, keyOnlyPolicy, type SignedContent, type SigningPolicy } from './signing-policy.ts';
import { bundleBytes } from './sigstore-bundle.ts';
import { simpleSigningBytes } from './simple-signing.ts';
import { statementBytes } from './statement.ts';
import type { Turns } from './subject-queue.ts';
import { TagWriter } from './tag-writer.ts';
import type { AttestResult, Predicate, Signer } from './types.ts';

/** A predicate that is made when it turns out to be missing. */
export type LaterPredicate = { readonly predicateType: string; make(): Promise<Predicate> };

export type AttestOptions = {
  /** Who signs, each for itself: an envelope has exactly one signature, so several keys mean several bundles. */
  readonly signers: readonly Signer[];
  /** See provenance.ts; what one of the signers attested before is kept, and said by the others too. */
  readonly provenance: LaterPredicate;
  /** HOST/REPOSITORY for the SimpleSigning document; podman and skopeo compare it. */
  readonly reference: string;
  /** RFC 3339 time for the referrers' annotation. */
  readonly created: string;
  readonly policy: SigningPolicy;
  /** `tags` alone for registries that take no artifact types of others; both by default. */
  readonly layouts?: 'both' | 'tags';
  /** One for all who write: calls for one subject run one after the other. */
  readonly queue: Turns;
};

/**
 * Signs `subject`, which must be in `repository` already. Writes nothing when valid signature and provenance of these
 * keys and this policy are there, and repairs what one layout lacks. Throws INPUT_INVALID for a subject without SHA-256,
 * CONFLICT when a cosign tag holds something else, and what the repository throws.
 */
export async function attest(
  repository: Repository,
  subject: Descriptor,
  options: AttestOptions,
): Promise<AttestResult> {
  // Most of the time nothing is missing, and then nobody's turn need be waited for.
  const attested = await findAll(repository, subject, options);
  if (attested.every((one) => isComplete(one, options))) return { written: 0, bytes: 0 };
  return options.queue.run(`${repository.name}@${subject.digest}`, () => attestNow(repository, subject, options));
}

async function attestNow(repository: Repository, subject: Descriptor, options: AttestOptions): Promise<AttestResult> {
  const push = new PushLedger(repository);
  const attested = await findAll(repository, subject, options);
  // One statement for all keys and layouts: whoever reads any of them sees the run that first made the digest.
  const statement =
    statementOf(attested, options) ??
    // Also when it lacks what the policy asks for now.
    statementOf(await findAll(repository, subject, { ...options, policy: keyOnlyPolicy }), options) ??
    statementBytes(subject.digest, await options.provenance.make());
  const tags = new TagWriter(repository, push, subject.digest);
  for (const one of attested) await complete(one, statement, { push, subject, options, tags });
  await tags.keep();
  return push.total();
}

type Attested = {
  readonly signer: Signer;
  readonly referrers: ReadonlyMap<string, Found>;
  readonly tags: ReadonlyMap<string, Found>;
};

type Attesting = {
  readonly push: PushLedger;
  readonly subject: Descriptor;
  readonly options: AttestOptions;
  readonly tags: TagWriter;
};

async function findAll(repository: Repository, subject: Descriptor, options: AttestOptions): Promise<Attested[]> {
  const attested: Attested[] = [];
  for (const signer of options.signers) attested.push(await findAttested(repository, subject, signer, options));
  return attested;
}

/** The provenance that was signed before, under any key. */
function statementOf(attested: readonly Attested[], { provenance }: AttestOptions): Buffer | undefined {
  const said = attested.flatMap(({ referrers, tags }) =>
    [referrers, tags].map((found) => found.get(provenance.predicateType)),
  );
  return said.find((found) => found !== undefined)?.content.payload;
}

function isComplete({ referrers, tags }: Attested, { provenance, layouts }: AttestOptions): boolean {
  const wanted = [signPredicateType, provenance.predicateType];
  return (layouts === 'tags' ? [tags] : [referrers, tags]).every((found) => wanted.every((type) => found.has(type)));
}

/** What a signer has attached already. */
async function findAttested(
  repository: Repository,
  subject: Descriptor,
  signer: Signer,
  { provenance, policy, layouts }: AttestOptions,
): Promise<Attested> {
  const key = parsePublicKey(signer.publicKeyPem);
  const predicateTypes = [signPredicateType, provenance.predicateType];
  const search = { repository, subject: subject.digest, key, predicateTypes, policy };
  const [referrers, tags] = await Promise.all([
    layouts === 'tags' ? new Map<string, Found>() : findReferrerBundles(search).then(({ found }) => found),
    findTagSignatures(search).then(({ found }) => found),
  ]);
  return { signer, referrers, tags };
}

/** Writes what one signer lacks in either layout. */
async function complete({ signer, referrers, tags }: Attested, statement: Buffer, work: Attesting): Promise<void> {
  const { subject, options } = work;
  const withReferrers = options.layouts !== 'tags';
  if (withReferrers && !referrers.has(signPredicateType)) {
    const signature = statementBytes(subject.digest, { predicateType: signPredicateType, predicate: {} });
    await pushBundle(work, signPredicateType, await seal(signature, signer), signer);
  }
  const { predicateType } = options.provenance;
  const known = [referrers, tags].map((found) => found.get(predicateType)?.content);
  if (known.includes(undefined)) {
    const sealed = known[0] ?? known[1] ?? (await seal(statement, signer));
    if (withReferrers && !known[0]) await pushBundle(work, predicateType, sealed, signer);
    if (!known[1]) await pushAttestation(work, sealed);
  }
  if (!tags.has(signPredicateType)) await pushSignature(work, signer);
}

async function seal(payload: Buffer, signer: Signer): Promise<SignedContent> {
  const signature = await signer.sign(preAuthEncoding(inTotoPayloadType, payload));
  return { kind: 'dsse', payload, signature, publicKeyPem: signer.publicKeyPem };
}

async function pushBundle(
  { push, subject, options: { policy, created } }: Attesting,
  predicateType: string,
  sealed: SignedContent,
  signer: Signer,
): Promise<void> {
  const { material } = await gatherTestimony(policy, sealed);
  const envelope = { ...sealed, payloadType: inTotoPayloadType };
  await pushReferrerBundle(push, subject, bundleBytes({ envelope, material }, signer.hint), { predicateType, created });
}

async function pushAttestation(work: Attesting, sealed: SignedContent): Promise<void> {
  const { provenance, policy } = work.options;
  const { annotations } = await gatherTestimony(policy, sealed);
  const { layer, blob } = attestationLayer(sealed, provenance.predicateType, annotations);
  await work.tags.add('att', layer, blob);
}

async function pushSignature(work: Attesting, signer: Signer): Promise<void> {
  const { subject, options } = work;
  const { policy, reference } = options;
  const payload = simpleSigningBytes(subject.digest, reference);
  const signature = await signer.sign(payload);
  const content: SignedContent = { kind: 'raw', payload, signature, publicKeyPem: signer.publicKeyPem };
  const { annotations } = await gatherTestimony(policy, content);
  const layer = signatureLayer(payload, signature, annotations);
  await work.tags.add('sig', layer, payload);
}
