// What a search for signatures is given and what it gives back, and how it reads things that anybody may have written:
// bounded, and with a bad candidate as a note instead of an end.

import type { Digest } from '../core/digest.ts';
import { toExportError, type ErrorCode } from '../core/errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { isIndex, parseManifest, type ImageManifest } from '../oci/manifest.ts';
import type { RepositoryReader } from '../oci/repository.ts';
import { unverified } from './envelope.ts';
import type { PublicKey } from './public-key.ts';
import { maxBundleBytes } from './sigstore-bundle.ts';
import type { SignedContent, SigningPolicy } from './signing-policy.ts';
import type { SignatureEvidence } from './types.ts';

export type Search = {
  readonly repository: RepositoryReader;
  readonly subject: Digest;
  readonly key: PublicKey;
  readonly predicateTypes: readonly string[];
  readonly policy: SigningPolicy;
};

export type Found = { readonly evidence: SignatureEvidence; readonly content: SignedContent };

export type SearchResult = {
  /** The first good signature of each predicate type. */
  readonly found: Map<string, Found>;
  /** What was looked at and refused, with the reason. */
  readonly refused: string[];
};

/** Candidates that one search looks at; more than any honest publisher attaches to one artifact. */
export const maxCandidates = 1_000;

const refusals: readonly ErrorCode[] = [
  'VERIFICATION_FAILED',
  'INPUT_INVALID',
  'INPUT_TOO_LARGE',
  'DIGEST_MISMATCH',
  'NOT_FOUND',
];

/**
 * Runs `look` for one candidate. A candidate that is damaged, missing or not what it should be is noted and passed
 * over; a registry that cannot be reached ends the search.
 */
export async function passOver(
  result: Pick<SearchResult, 'refused'>,
  name: string,
  look: () => Promise<void>,
): Promise<void> {
  try {
    await look();
  } catch (thrown) {
    const error = toExportError(thrown);
    if (!refusals.includes(error.code)) throw error;
    result.refused.push(`${name}: ${error.message}`);
  }
}

/** The image manifest behind a tag or digest with its digest; undefined when it is not there. */
export async function readImageManifest(
  repository: RepositoryReader,
  reference: string,
): Promise<{ readonly digest: Digest; readonly manifest: ImageManifest } | undefined> {
  const stored = await repository.manifest(reference);
  if (!stored) return undefined;
  const manifest = parseManifest(stored.bytes, stored.descriptor.mediaType);
  if (isIndex(manifest)) throw unverified('it is an index instead of a manifest');
  return { digest: stored.descriptor.digest, manifest };
}

/** A blob as one buffer; throws VERIFICATION_FAILED when it is larger than any signature. */
export async function readSmallBlob(repository: RepositoryReader, descriptor: Descriptor): Promise<Buffer> {
  if (descriptor.size > maxBundleBytes) throw unverified('the signature is too large');
  const chunks: Buffer[] = [];
  for await (const chunk of repository.openBlob(descriptor)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
