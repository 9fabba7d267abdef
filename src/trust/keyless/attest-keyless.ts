// Signature and provenance by a certificate, beside those of the keys (formats.md §8): sigstoreBundles as referrers, and only
// what is not there yet. The statement of provenance is the one that the keys signed.

import { sign } from 'node:crypto';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Repository, RepositoryReader } from '../../oci/repository.ts';
import { inTotoPayloadType, preAuthEncoding } from '../envelope.ts';
import type { Post } from '../http-signer.ts';
import { signPredicateType } from '../predicate-types.ts';
import { PushLedger } from '../push-ledger.ts';
import { pushReferrerBundle } from '../referrer-bundles.ts';
import { gatherTestimony, type SignedContent, type SigningPolicy } from '../signing-policy.ts';
import { statementBytes } from '../statement.ts';
import type { Turns } from '../subject-queue.ts';
import { certificateBundleBytes, type CertificateCheck } from './certificate-bundle.ts';
import { findCertificateBundles } from './certificate-search.ts';
import { certifiedKey, type CertifiedKey } from './fulcio.ts';
import type { KeylessSettings } from './keyless-settings.ts';

export type KeylessOptions = {
  readonly settings: KeylessSettings;
  readonly post: Post;
  readonly check: CertificateCheck;
  readonly policy: SigningPolicy;
};

export type KeylessAttest = {
  /** The statement of provenance that the keys signed. */
  readonly provenance: () => Promise<Buffer>;
  /** RFC 3339 time for the referrers' annotation. */
  readonly created: string;
  readonly queue: Turns;
};

export class KeylessSigner {
  readonly #options: KeylessOptions;

  constructor(options: KeylessOptions) {
    this.#options = options;
  }

  /** Attaches what `subject` lacks of this identity. Throws what Fulcio, the witnesses and the repository throw. */
  async attest(repository: Repository, subject: Descriptor, options: KeylessAttest): Promise<void> {
    if ((await this.missing(repository, subject)).length === 0) return;
    await options.queue.run(`${repository.name}@${subject.digest}`, async () => {
      const missing = await this.missing(repository, subject);
      if (missing.length === 0) return;
      const { settings, post } = this.#options;
      // One certificate for all: it is good for minutes, and signing takes moments.
      const key = await certifiedKey(settings.fulcio, await settings.token(), post);
      const push = new PushLedger(repository);
      for (const predicateType of missing) {
        const statement =
          predicateType === signPredicateType
            ? statementBytes(subject.digest, { predicateType, predicate: {} })
            : await options.provenance();
        const bundle = await this.#seal(statement, key);
        // Whoever the token names: others than the identity that consumers were told are not attached.
        this.#options.check(bundle, subject.digest);
        await pushReferrerBundle(push, subject, bundle, { predicateType, created: options.created });
      }
    });
  }

  /** The predicate types of which no good bundle of this identity is among the referrers. */
  async missing(repository: RepositoryReader, subject: Descriptor): Promise<readonly string[]> {
    return (await findCertificateBundles(repository, subject, this.#options.check)).missing;
  }

  async #seal(payload: Buffer, { privateKey, certificatePem }: CertifiedKey): Promise<Buffer> {
    const signature = sign('sha256', preAuthEncoding(inTotoPayloadType, payload), privateKey);
    const content: SignedContent = { kind: 'dsse', payload, signature, publicKeyPem: certificatePem };
    const { material } = await gatherTestimony(this.#options.policy, content);
    return certificateBundleBytes({ payloadType: inTotoPayloadType, payload, signature }, certificatePem, material);
  }
}
