// in-toto Statement v1 about one OCI artifact, which is the first subject: cosign reports the first one, whichever
// matched. A signature has no other, provenance may be about parts of the artifact too.

import { canonicalBytes, type Json } from '../core/canonical-json.ts';
import { digestAlgorithm, digestHex, type Digest } from '../core/digest.ts';
import { ExportError } from '../core/errors.ts';
import { asObject, parseJsonObject, unverified } from './envelope.ts';
import { acceptedStatementTypes, signPredicateType, statementType } from './predicate-types.ts';
import type { Predicate } from './types.ts';

/** sigstore-go's own bound. */
const maxSubjects = 1024;

/** Canonical bytes of the statement. Throws INPUT_INVALID for a subject that cosign cannot match (not SHA-256). */
export function statementBytes(subject: Digest, { predicateType, predicate, alsoAbout = [] }: Predicate): Buffer {
  if (digestAlgorithm(subject) !== 'sha256') {
    throw new ExportError('INPUT_INVALID', `cannot sign ${subject}: signature clients know only sha256 digests`);
  }
  const others = alsoAbout.map(({ name, digest }) => ({
    name,
    digest: { [digestAlgorithm(digest)]: digestHex(digest) },
  }));
  return canonicalBytes({
    _type: statementType,
    subject: [{ digest: { sha256: digestHex(subject) } }, ...others],
    predicateType,
    predicate: predicate as Json,
  });
}

/**
 * The statement in `payload` when it speaks about `subject`; throws VERIFICATION_FAILED with the reason. The signature
 * must have been checked over the same bytes.
 */
export function parseStatement(payload: Uint8Array, subject: Digest): { predicateType: string; statement: unknown } {
  const statement = parseJsonObject(payload, 'the statement');
  const { _type: type, predicateType, subject: subjects } = statement;
  if (typeof type !== 'string' || !acceptedStatementTypes.includes(type)) throw unverified('not an in-toto statement');
  if (typeof predicateType !== 'string' || predicateType === '') throw unverified('the statement has no predicateType');
  if (!Array.isArray(subjects) || subjects.length === 0) throw unverified('the statement has no subject');
  if (subjects.length > maxSubjects) throw unverified('the statement has too many subjects');
  if (predicateType === signPredicateType && subjects.length !== 1) {
    throw unverified('a signature has more than one subject');
  }
  if (!subjects.some((item) => names(item, subject))) throw unverified('the statement is about another artifact');
  return { predicateType, statement };
}

function names(item: unknown, subject: Digest): boolean {
  const { digest } = asObject(item, 'a statement subject');
  return asObject(digest, 'a subject digest')[digestAlgorithm(subject)] === digestHex(subject);
}
