// What the tests of this folder sign with.

import { attest, type AttestOptions, type LaterPredicate } from '../../src/trust/attest.ts';
import { digestOf } from '../../src/core/digest.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { provenancePredicateType } from '../../src/trust/predicate-types.ts';
import { provenance, type ProvenanceInput } from '../../src/trust/provenance.ts';
import { generateSigningKey, signerOf } from '../../src/trust/signing-key.ts';
import { keyOnlyPolicy } from '../../src/trust/signing-policy.ts';
import { trustFiles, writeTrustFiles } from '../../src/trust/trust-files.ts';
import { SubjectQueue } from '../../src/trust/subject-queue.ts';
import type { AttestResult, Signer } from '../../src/trust/types.ts';
import type { Repository } from '../../src/oci/repository.ts';

export const provenanceInput: ProvenanceInput = {
  profile: { name: 'mirror:full', revision: digestOf('revision') },
  scope: { sources: ['osv'] },
  setRoot: digestOf('set root'),
  sources: [{ source: 'osv', setRoot: digestOf('source'), records: 3, newest: '2026-07-16T00:00:00Z' }],
  policyVersion: null,
  previous: digestOf('previous'),
  builder: { id: 'urn:export-center:builder', version: '0.1.0' },
  invocationId: '01JZ8M3C5W9V4T2R7Q6P1N0K8H',
  startedOn: '2026-07-16T04:00:00Z',
  finishedOn: '2026-07-16T04:00:12Z',
  exportManifest: digestOf('export manifest'),
};

/** A provenance as attest takes it. */
export function later(input: ProvenanceInput): LaterPredicate {
  return { predicateType: provenancePredicateType, make: () => Promise.resolve(provenance(input)) };
}

export function attestOptions(signer: Signer, changes: Partial<AttestOptions> = {}): AttestOptions {
  return {
    signers: [signer],
    provenance: later(provenanceInput),
    reference: 'localhost/test',
    created: '2026-07-16T00:00:00Z',
    policy: keyOnlyPolicy,
    queue: new SubjectQueue(),
    ...changes,
  };
}

/** Attests with a new key or the one given, and gives back the signer. */
export async function attested(
  repository: Repository,
  subject: Descriptor,
  signer: Signer = signerOf(generateSigningKey()),
  changes: Partial<AttestOptions> = {},
): Promise<{ readonly signer: Signer; readonly result: AttestResult }> {
  return { signer, result: await attest(repository, subject, attestOptions(signer, changes)) };
}

/** A trusted root that names no service, for verifiers that want one whatever it says; gives back its path. */
export function emptyTrustedRoot(folder: string): Promise<string> {
  return writeTrustFiles(folder, trustFiles({ services: {} }));
}
