// DSSE envelopes (secure-systems-lab/dsse v1.0.2: envelope.md, protocol.md): exactly one signature, and no keyid, which
// sigstore-go compares with an SSH fingerprint and then skips the signature.

import type { Json } from '../core/canonical-json.ts';
import { ExportError } from '../core/errors.ts';

export const inTotoPayloadType = 'application/vnd.in-toto+json';

export type Envelope = {
  readonly payloadType: string;
  readonly payload: Buffer;
  readonly signature: Buffer;
};

export type JsonObject = { readonly [key: string]: Json | undefined };

/** Pre-authentication encoding: the bytes that are signed. Lengths count bytes. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const type = Buffer.from(payloadType, 'utf8');
  const head = `DSSEv1 ${type.length} ${payloadType} ${payload.byteLength} `;
  return Buffer.concat([Buffer.from(head, 'utf8'), payload]);
}

export function envelopeJson({ payloadType, payload, signature }: Envelope): JsonObject {
  return {
    payload: payload.toString('base64'),
    payloadType,
    signatures: [{ sig: signature.toString('base64') }],
  };
}

/** Reads an envelope out of parsed JSON; throws VERIFICATION_FAILED with the reason. */
export function parseEnvelope(value: unknown): Envelope {
  const { payload, payloadType, signatures } = asObject(value, 'the envelope');
  if (payloadType !== inTotoPayloadType) throw unverified('the payload is not an in-toto statement');
  if (!Array.isArray(signatures) || signatures.length !== 1) throw unverified('there is not exactly one signature');
  const { sig } = asObject(signatures[0], 'the signature');
  return { payloadType, payload: base64(payload, 'the payload'), signature: base64(sig, 'the signature') };
}

/** Parses JSON from the outside; throws VERIFICATION_FAILED naming `what`. */
export function parseJsonObject(bytes: Uint8Array, what: string): Record<string, unknown> {
  try {
    return asObject(JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)), what);
  } catch (cause) {
    if (cause instanceof ExportError) throw cause;
    throw unverified(`${what} is not JSON`);
  }
}

export function asObject(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw unverified(`${what} is not an object`);
}

/** Standard base64 with padding and nothing else: one text for each value. */
export function base64(value: unknown, what: string): Buffer {
  if (typeof value === 'string' && value !== '') {
    const bytes = Buffer.from(value, 'base64');
    if (bytes.toString('base64') === value) return bytes;
  }
  throw unverified(`${what} is not base64`);
}

export function unverified(reason: string): ExportError {
  return new ExportError('VERIFICATION_FAILED', reason);
}
