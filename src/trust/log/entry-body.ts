// Bodies of log entries in canonical JSON: Rekor's types `dsse` 0.0.1 for envelopes and `hashedrekord` 0.0.1 for
// signatures over bytes. A body is a function of what was signed, so the same signature is one entry, however often it
// is handed in.

import { canonicalBytes, type Json } from '../../core/canonical-json.ts';
import { sha256 } from '../../core/digest.ts';
import { asObject, envelopeJson, inTotoPayloadType, parseJsonObject, type JsonObject } from '../envelope.ts';
import type { SignedContent } from '../signing-policy.ts';

export type EntryKind = { readonly kind: 'dsse' | 'hashedrekord'; readonly version: '0.0.1' };

export function entryKind({ kind }: Pick<SignedContent, 'kind'>): EntryKind {
  return { kind: kind === 'dsse' ? 'dsse' : 'hashedrekord', version: '0.0.1' };
}

export function entryBody(content: SignedContent): Buffer {
  return canonicalBytes(entry(content, content.kind === 'dsse' ? dsse(content) : hashedRekord(content)));
}

/**
 * Whether an entry's body is about this signature. The hash of the envelope's own bytes may differ: whoever made the
 * entry may have written the same envelope in another form. Throws VERIFICATION_FAILED for a body that is not JSON.
 */
export function isAbout(body: Uint8Array, content: SignedContent): boolean {
  const theirs = parseJsonObject(body, 'the body of the log entry');
  if (content.kind === 'raw') return entryBody(content).equals(canonicalBytes(theirs as Json));
  const { envelopeHash } = asObject(theirs['spec'], "the log entry's spec");
  const ours = entry(content, { ...dsse(content), envelopeHash: envelopeHash as Json });
  return canonicalBytes(ours).equals(canonicalBytes(theirs as Json));
}

function entry(content: SignedContent, spec: JsonObject): Json {
  const { kind, version } = entryKind(content);
  return { apiVersion: version, kind, spec };
}

/** The envelope is hashed as it lies in a cosign tag: canonical, with the signature and nothing else. */
function dsse({ payload, signature, publicKeyPem }: SignedContent): JsonObject {
  const envelope = canonicalBytes(envelopeJson({ payloadType: inTotoPayloadType, payload, signature }));
  return {
    envelopeHash: sha256Of(envelope),
    payloadHash: sha256Of(payload),
    signatures: [{ signature: signature.toString('base64'), verifier: base64Of(publicKeyPem) }],
  };
}

function hashedRekord({ payload, signature, publicKeyPem }: SignedContent): JsonObject {
  return {
    data: { hash: sha256Of(payload) },
    signature: { content: signature.toString('base64'), publicKey: { content: base64Of(publicKeyPem) } },
  };
}

function sha256Of(bytes: Uint8Array): Json {
  return { algorithm: 'sha256', value: sha256(bytes).toString('hex') };
}

function base64Of(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
