// Whether an artifact carries good signatures of one key: bundles among the referrers first, then the cosign tags.
// One good signature of each wanted predicate type is enough; whatever else is attached is passed over. Without a policy
// the key alone vouches, and log entries and timestamps are not looked at.

import type { Descriptor } from '../oci/descriptor.ts';
import type { RepositoryReader } from '../oci/repository.ts';
import { cosignTag, findTagSignatures } from './cosign-tags.ts';
import { predicateName, provenancePredicateType, signPredicateType } from './predicate-types.ts';
import { parsePublicKey } from './public-key.ts';
import { findReferrerBundles } from './referrer-bundles.ts';
import type { Found, Search } from './signature-search.ts';
import { keyOnlyPolicy, type SigningPolicy } from './signing-policy.ts';
import type { Check, SignatureEvidence } from './types.ts';

export type VerifySubjectOptions = {
  /** What must be there; default: signature and provenance. */
  readonly predicateTypes?: readonly string[];
  /** What each must carry besides the signature. */
  readonly policy?: SigningPolicy;
};

export type SubjectVerification = {
  readonly ok: boolean;
  /** One for each predicate type, in the order asked for; named `signature`, `provenance` or by the type's URI. */
  readonly checks: readonly Check[];
  /** The signatures that the good checks rest on. */
  readonly evidence: readonly SignatureEvidence[];
};

/** Refused candidates that a reason names. */
const namedRefusals = 3;

/**
 * Looks for signatures of `publicKeyPem` about `subject` in `repository`. Throws INPUT_INVALID for a key that is not
 * allowed and what the repository throws when it cannot be read; a missing or bad signature is a check that is not ok.
 */
export async function verifySubject(
  repository: RepositoryReader,
  subject: Descriptor,
  publicKeyPem: string,
  { predicateTypes = [signPredicateType, provenancePredicateType], policy = keyOnlyPolicy }: VerifySubjectOptions = {},
): Promise<SubjectVerification> {
  const key = parsePublicKey(publicKeyPem);
  const search: Search = { repository, subject: subject.digest, key, predicateTypes, policy };
  const { found, refused } = await findReferrerBundles(search);
  const missing = predicateTypes.filter((type) => !found.has(type));
  if (missing.length > 0) {
    const tags = await findTagSignatures({ ...search, predicateTypes: missing });
    for (const [type, signature] of tags.found) found.set(type, signature);
    refused.push(...tags.refused);
  }
  const checks = predicateTypes.map((type) => check(type, found.get(type), refused, subject));
  const evidence = predicateTypes.flatMap((type) => found.get(type)?.evidence ?? []);
  return { ok: checks.length > 0 && checks.every(({ ok }) => ok), checks, evidence };
}

function check(type: string, found: Found | undefined, refused: readonly string[], subject: Descriptor): Check {
  const name = predicateName(type);
  if (found) {
    const { keyHint, carrier } = found.evidence;
    return { name, ok: true, evidence: `of ${subject.digest} by key ${keyHint}, carried by ${carrier}` };
  }
  if (refused.length === 0) {
    const tag = cosignTag(subject.digest, type === signPredicateType ? 'sig' : 'att');
    return { name, ok: false, reason: `none found among the referrers of ${subject.digest} and at the tag ${tag}` };
  }
  const more = refused.length > namedRefusals ? ` and ${refused.length - namedRefusals} more` : '';
  return { name, ok: false, reason: `none by this key: ${refused.slice(0, namedRefusals).join('; ')}${more}` };
}
