// Which good bundles of one identity are among the referrers of an artifact.

import type { Digest } from '../../core/digest.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import type { RepositoryReader } from '../../oci/repository.ts';
import { provenancePredicateType, signPredicateType } from '../predicate-types.ts';
import { readReferrerBundle } from '../referrer-bundles.ts';
import { maxCandidates, passOver } from '../signature-search.ts';
import type { CertificateCheck } from './certificate-bundle.ts';

/** By predicate type, the manifest that carries the first good bundle. */
export type Carriers = Map<string, Digest>;

export type CertificateBundles = {
  readonly carriers: Readonly<Carriers>;
  /** Of signature and provenance, what is not there. */
  readonly missing: readonly string[];
  /** What was looked at and refused, with the reason. */
  readonly refused: readonly string[];
};

/** Throws what the repository throws when it cannot be read; bad bundles are passed over. */
export async function findCertificateBundles(
  repository: RepositoryReader,
  subject: Descriptor,
  check: CertificateCheck,
): Promise<CertificateBundles> {
  const carriers: Carriers = new Map();
  const refused: string[] = [];
  const referrers = await repository.referrers(subject.digest);
  const candidates = referrers.filter(({ artifactType }) => artifactType === mediaTypes.sigstoreBundle);
  for (const { digest } of candidates.slice(0, maxCandidates)) {
    await passOver({ refused }, digest, async () => {
      const { predicateType } = check(await readReferrerBundle(repository, digest), subject.digest);
      if (!carriers.has(predicateType)) carriers.set(predicateType, digest);
    });
  }
  return foundOf(carriers, refused);
}

export function foundOf(carriers: Carriers, refused: readonly string[]): CertificateBundles {
  const missing = [signPredicateType, provenancePredicateType].filter((type) => !carriers.has(type));
  return { carriers, missing, refused };
}

/** What one search found, or else the other. */
export function orElse(one: CertificateBundles, other: CertificateBundles): CertificateBundles {
  return foundOf(new Map([...other.carriers, ...one.carriers]), [...one.refused, ...other.refused]);
}
