// Signatures of a pulled artifact: verified with the publisher's key before anything else is fetched, and carried along
// so that whoever the folder is pushed to or carried to can verify them again.

import { ExportError } from '../core/errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { mediaTypes } from '../oci/media-types.ts';
import type { RepositoryReader } from '../oci/repository.ts';
import { copyGraph } from '../registry/copy.ts';
import type { LayoutRepository } from '../registry/layout/layout-repository.ts';
import { cosignTag } from '../trust/cosign-tags.ts';
import { provenancePredicateType, signPredicateType } from '../trust/predicate-types.ts';
import { verifySubject, type SubjectVerification } from '../trust/verify-subject.ts';

const predicateTypeAnnotation = 'dev.sigstore.bundle.predicateType';

export type SignatureOptions = {
  readonly key?: string | undefined;
  readonly signatureOnly?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
};

/** Looks for the key's signature of `subject`. Throws VERIFICATION_FAILED when there is no good one. */
export async function verifySignature(
  repository: RepositoryReader,
  subject: Descriptor,
  { key, signatureOnly }: SignatureOptions,
): Promise<SubjectVerification | undefined> {
  if (key === undefined) return undefined;
  const predicateTypes = [signPredicateType, ...(signatureOnly ? [] : [provenancePredicateType])];
  const found = await verifySubject(repository, subject, key, { predicateTypes });
  const failed = found.checks.find(({ name, ok }) => name === 'signature' && !ok);
  if (!failed || failed.ok) return found;
  throw new ExportError('VERIFICATION_FAILED', `no good signature of ${subject.digest}: ${failed.reason}`, {
    hint: 'check that the key is the publisher’s and that the artifact was signed; nothing was changed here',
  });
}

/** Copies what vouches for `subject`, which the layout has, from the source. */
export async function carrySignatures(
  source: RepositoryReader,
  layout: LayoutRepository,
  subject: Descriptor,
  verified: SubjectVerification | undefined,
  { signatureOnly, signal }: SignatureOptions,
): Promise<void> {
  if (signatureOnly !== true) {
    await copyGraph(source, layout, subject, { referrers: true, legacySignatures: true, signal });
    return;
  }
  const carriers = verified?.evidence.map(({ carrier }) => carrier);
  const listed = (await source.referrers(subject.digest)).filter((referrer) =>
    carriers ? carriers.includes(referrer.digest) : mayBeSignature(referrer),
  );
  for (const referrer of listed) await copyGraph(source, layout, referrer, { signal });
  if (listed.length > 0) return;
  const tag = cosignTag(subject.digest, 'sig');
  const found = await source.resolve(tag);
  if (found) await copyGraph(source, layout, found, { tags: [tag], signal });
}

/** Whether the layout has some signature of `subject`; whose is not asked. */
export async function hasSignature(layout: LayoutRepository, subject: Descriptor): Promise<boolean> {
  if ((await layout.referrers(subject.digest)).some(mayBeSignature)) return true;
  return (await layout.resolve(cosignTag(subject.digest, 'sig'))) !== undefined;
}

/** Whether the layout has some provenance of `subject`; after a pull of the signature alone it has none. */
export async function hasProvenance(layout: LayoutRepository, subject: Descriptor): Promise<boolean> {
  const found = (await layout.referrers(subject.digest)).some(({ annotations }) => {
    const type = annotations?.[predicateTypeAnnotation];
    return type === undefined || type === provenancePredicateType;
  });
  return found || (await layout.resolve(cosignTag(subject.digest, 'att'))) !== undefined;
}

function mayBeSignature({ artifactType, annotations }: Descriptor): boolean {
  const type = annotations?.[predicateTypeAnnotation];
  return artifactType === mediaTypes.sigstoreBundle && (type === undefined || type === signPredicateType);
}
