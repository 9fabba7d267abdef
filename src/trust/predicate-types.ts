// The predicate types that we attach to every bundle, and the statement types that verifiers accept.

/** The signature itself: a statement that says only "this digest" (cosign 2.6 and later). */
export const signPredicateType = 'https://sigstore.dev/cosign/sign/v1';

/** SLSA provenance v1; `slsaprovenance1` on cosign's command line. */
export const provenancePredicateType = 'https://slsa.dev/provenance/v1';

export const statementType = 'https://in-toto.io/Statement/v1';

/** Ours first; cosign 3.1 still writes v0.1 into the attestations that it makes. */
export const acceptedStatementTypes: readonly string[] = [statementType, 'https://in-toto.io/Statement/v0.1'];

/** How reports call a predicate type. */
export function predicateName(predicateType: string): string {
  if (predicateType === signPredicateType) return 'signature';
  return predicateType === provenancePredicateType ? 'provenance' : predicateType;
}
