// What a signature must carry besides the signature: testimony of witnesses (a transparency log, a timestamp
// authority). The policy is part of what "already signed" means (formats.md §8): a new witness gets its testimony
// attached to bundles that were signed without it.

import type { Annotations } from '../oci/descriptor.ts';
import type { JsonObject } from './envelope.ts';

/** A finished signature: `dsse` over a payload of a statement, `raw` over the bytes of a SimpleSigning document. */
export type SignedContent = {
  readonly kind: 'dsse' | 'raw';
  readonly payload: Buffer;
  readonly signature: Buffer;
  /** Of the public key, or of the certificate that has it. */
  readonly publicKeyPem: string;
};

/** Testimony in both forms: members of a sigstoreBundle's verificationMaterial, annotations of a cosign tag's layer. */
export type Testimony = { readonly material: JsonObject; readonly annotations: Annotations };

export interface Witness {
  readonly name: string;
  testify(content: SignedContent): Promise<Testimony>;
  /** Whether what a stored signature carries holds this witness's valid testimony about it. */
  recognises(content: SignedContent, carried: Partial<Testimony>): boolean;
}

export type SigningPolicy = { readonly witnesses: readonly Witness[] };

/** The key alone vouches: no log, no timestamp authority. */
export const keyOnlyPolicy: SigningPolicy = { witnesses: [] };

/** Testimony of all witnesses. Two of them must not write the same member. */
export async function gatherTestimony(policy: SigningPolicy, content: SignedContent): Promise<Testimony> {
  const parts = await Promise.all(policy.witnesses.map((witness) => witness.testify(content)));
  return {
    material: Object.assign({}, ...parts.map((part) => part.material)) as JsonObject,
    annotations: Object.assign({}, ...parts.map((part) => part.annotations)) as Annotations,
  };
}

export function policySatisfied(policy: SigningPolicy, content: SignedContent, carried: Partial<Testimony>): boolean {
  return policy.witnesses.every((witness) => witness.recognises(content, carried));
}
