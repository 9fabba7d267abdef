// Signature and provenance by a certificate, beside those of the keys and in the same two layouts (formats.md §8), and only
// what is not there yet. The statement of provenance is the one that the keys signed.

import { sign } from 'node:crypto';
import type { Annotations, Descriptor } from '../../oci/descriptor.ts';
import type { Repository, RepositoryReader } from '../../oci/repository.ts';
import { attestationLayer, signatureLayer } from '../cosign-tags.ts';
import { inTotoPayloadType, preAuthEncoding } from '../envelope.ts';
import type { Post } from '../http-signer.ts';
import { signPredicateType } from '../predicate-types.ts';
import { PushLedger } from '../push-ledger.ts';
import { pushReferrerBundle } from '../referrer-bundles.ts';
import { gatherTestimony, type SignedContent, type SigningPolicy } from '../signing-policy.ts';
import { simpleSigningBytes } from '../simple-signing.ts';
import { statementBytes } from '../statement.ts';
import type { Turns } from '../subject-queue.ts';
import { TagWriter } from '../tag-writer.ts';
import { certificateBundleBytes, type CertificateCheck } from './certificate-bundle.ts';
import { findCertificateBundles } from './certificate-search.ts';
import { bundleOfLayer, certificateAnnotation, findCertificateTags } from './certificate-tags.ts';
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
  /** HOST/REPOSITORY for the SimpleSigning document. */
  readonly reference: string;
  /** RFC 3339 time for the referrers' annotation. */
  readonly created: string;
  readonly queue: Turns;
};

/** What an artifact lacks of an identity. */
export type Missing = { readonly layout: 'referrers' | 'tags'; readonly predicateType: string };

type Attesting = {
  readonly subject: Descriptor;
  readonly options: KeylessAttest;
  readonly key: CertifiedKey;
  readonly push: PushLedger;
  /** Envelopes by predicate type: one serves both layouts. */
  readonly sealed: Map<string, SignedContent>;
  readonly tags: TagWriter;
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
      const tags = new TagWriter(repository, push, subject.digest);
      const work = { subject, options, key, push, sealed: new Map(), tags };
      for (const one of missing) await this.#attach(one, work);
      await tags.keep();
    });
  }

  /** Signature and provenance in both layouts, as far as no good one of this identity is there. */
  async missing(repository: RepositoryReader, subject: Descriptor): Promise<readonly Missing[]> {
    const { check } = this.#options;
    const [referrers, tags] = await Promise.all([
      findCertificateBundles(repository, subject, check),
      findCertificateTags(repository, subject, check),
    ]);
    return [
      ...referrers.missing.map((predicateType) => ({ layout: 'referrers', predicateType }) as const),
      ...tags.missing.map((predicateType) => ({ layout: 'tags', predicateType }) as const),
    ];
  }

  async #attach({ layout, predicateType }: Missing, work: Attesting): Promise<void> {
    if (layout === 'referrers') return this.#pushBundle(predicateType, work);
    if (predicateType === signPredicateType) return this.#pushSignature(work);
    const sealed = await this.#seal(predicateType, work);
    const { layer, blob } = attestationLayer(sealed, predicateType, await this.#annotations(sealed));
    return this.#addBelowTag('att', layer, blob, work);
  }

  async #pushBundle(predicateType: string, work: Attesting): Promise<void> {
    const { subject, key, push, options } = work;
    const sealed = await this.#seal(predicateType, work);
    const { material } = await gatherTestimony(this.#options.policy, sealed);
    const envelope = { ...sealed, payloadType: inTotoPayloadType };
    const bundle = certificateBundleBytes(envelope, key.certificatePem, material);
    // Whoever the token names: others than the identity that consumers were told are not attached.
    this.#options.check(bundle, subject.digest);
    await pushReferrerBundle(push, subject, bundle, { predicateType, created: options.created });
  }

  async #pushSignature(work: Attesting): Promise<void> {
    const { subject, key, options } = work;
    const payload = simpleSigningBytes(subject.digest, options.reference);
    const signature = sign('sha256', payload, key.privateKey);
    const content: SignedContent = { kind: 'raw', payload, signature, publicKeyPem: key.certificatePem };
    const layer = signatureLayer(payload, signature, await this.#annotations(content));
    await this.#addBelowTag('sig', layer, payload, work, payload);
  }

  async #addBelowTag(
    suffix: 'sig' | 'att',
    layer: Descriptor,
    blob: Buffer,
    { subject, tags }: Attesting,
    document?: Buffer,
  ): Promise<void> {
    this.#options.check(bundleOfLayer(layer, blob), subject.digest, document);
    await tags.add(suffix, layer, blob);
  }

  async #annotations(content: SignedContent): Promise<Annotations> {
    const { annotations } = await gatherTestimony(this.#options.policy, content);
    return { ...annotations, [certificateAnnotation]: content.publicKeyPem };
  }

  async #seal(predicateType: string, { subject, options, key, sealed }: Attesting): Promise<SignedContent> {
    const known = sealed.get(predicateType);
    if (known) return known;
    const payload =
      predicateType === signPredicateType
        ? statementBytes(subject.digest, { predicateType, predicate: {} })
        : await options.provenance();
    const signature = sign('sha256', preAuthEncoding(inTotoPayloadType, payload), key.privateKey);
    const content: SignedContent = { kind: 'dsse', payload, signature, publicKeyPem: key.certificatePem };
    sealed.set(predicateType, content);
    return content;
  }
}
