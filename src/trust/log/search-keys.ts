// What an entry can be found by, as Rekor's index has it: digests of what was signed and of what that speaks about
// (`sha256:<hex>`), and the SHA-256 of the key's PEM (hex alone).

import { canonicalBytes } from '../../core/canonical-json.ts';
import { digestOf, isDigest, sha256 } from '../../core/digest.ts';
import { envelopeJson, inTotoPayloadType } from '../envelope.ts';
import type { SignedContent } from '../signing-policy.ts';

export function searchKeys(content: SignedContent): string[] {
  const { kind, payload, signature, publicKeyPem } = content;
  const keys = [keyOfPublicKey(publicKeyPem), digestOf(payload)];
  if (kind === 'raw') return [...keys, ...aboutImage(payload)];
  const envelope = canonicalBytes(envelopeJson({ payloadType: inTotoPayloadType, payload, signature }));
  return [...keys, digestOf(envelope), ...aboutSubjects(payload)];
}

export function keyOfPublicKey(pem: string): string {
  return sha256(pem).toString('hex');
}

type Document = {
  readonly critical?: { readonly image?: { readonly 'docker-manifest-digest'?: unknown } };
  readonly subject?: readonly { readonly digest?: { readonly sha256?: unknown } }[];
};

function aboutImage(payload: Buffer): string[] {
  return digests([parse(payload)?.critical?.image?.['docker-manifest-digest']]);
}

function aboutSubjects(payload: Buffer): string[] {
  const subjects = parse(payload)?.subject;
  return Array.isArray(subjects)
    ? digests(subjects.map((item: { digest?: { sha256?: unknown } }) => `sha256:${String(item?.digest?.sha256)}`))
    : [];
}

function digests(values: readonly unknown[]): string[] {
  return values.filter((value): value is string => typeof value === 'string' && isDigest(value));
}

/** A signature over bytes may be over anything; what is no JSON has no subjects. */
function parse(payload: Buffer): Document | null | undefined {
  try {
    return JSON.parse(payload.toString('utf8')) as Document | null;
  } catch {
    return undefined;
  }
}
