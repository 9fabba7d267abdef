// Whether somebody vouches for an artifact with certificates: the line `identity` of a report.

import type { Descriptor } from '../oci/descriptor.ts';
import type { RepositoryReader } from '../oci/repository.ts';
import { parseJsonObject } from '../trust/envelope.ts';
import { predicateName } from '../trust/predicate-types.ts';
import type { Identity } from '../trust/keyless/keyless-settings.ts';
import type { Check } from '../trust/types.ts';

export type IdentityQuestion = {
  readonly identity?: Identity | undefined;
  /** Bytes of a `trusted_root.json` with the authority of the certificates and who saw the signatures. */
  readonly trustedRoot?: Uint8Array | undefined;
  /** A timestamp of one of its authorities must be there. */
  readonly signedTimestamps?: boolean | undefined;
};

/** No line when no identity is asked for. Throws INPUT_INVALID for a trusted root that cannot judge certificates. */
export async function checkIdentity(
  reader: RepositoryReader,
  root: Descriptor,
  { identity, trustedRoot, signedTimestamps = false }: IdentityQuestion,
): Promise<readonly Check[]> {
  if (identity === undefined) return [];
  const failed = (reason: string): Check[] => [{ name: 'identity', ok: false, reason }];
  if (trustedRoot === undefined) return failed('no trusted root was given');
  const [{ certificateCheck }, { findCertificateBundles, orElse }, { findCertificateTags }] = await Promise.all([
    import('../trust/keyless/certificate-bundle.ts'),
    import('../trust/keyless/certificate-search.ts'),
    import('../trust/keyless/certificate-tags.ts'),
  ]);
  const hasLogs = 'tlogs' in parseJsonObject(trustedRoot, 'the trusted root');
  const logs = hasLogs || !signedTimestamps ? 1 : 0;
  const check = certificateCheck({ trustedRoot, identity, logs, timestamps: signedTimestamps ? 1 : 0 });
  let found = await findCertificateBundles(reader, root, check);
  // Where referrers were left behind, the tags may have come along.
  if (found.missing.length > 0) found = orElse(found, await findCertificateTags(reader, root, check));
  const { carriers, missing, refused } = found;
  if (missing.length > 0) {
    const names = missing.map(predicateName).join(' and ');
    return failed(`no ${names} by ${identity.name} of ${identity.issuer}: ${refused.join('; ') || 'none is there'}`);
  }
  const evidence = `${identity.name} of ${identity.issuer}, carried by ${[...carriers.values()].join(' and ')}`;
  return [{ name: 'identity', ok: true, evidence }];
}
