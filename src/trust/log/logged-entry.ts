// An entry with the log's promise and proof, in the two forms in which signatures carry it: a TransparencyLogEntry of a
// sigstoreBundle (protobuf's JSON, 64-bit numbers as strings), and cosign's `dev.sigstore.cosign/bundle` annotation.

import { canonicalBytes, canonicalJson } from '../../core/canonical-json.ts';
import { asObject, base64, unverified, type JsonObject } from '../envelope.ts';
import type { EntryKind } from './entry-body.ts';

/** What the log signs the moment it takes an entry: that it has it, where, and since when. */
export type Promised = {
  readonly body: Buffer;
  readonly index: number;
  /** Seconds since 1970. */
  readonly integratedTime: number;
  /** Hex. */
  readonly logId: string;
  /** The signed entry timestamp: DER ECDSA over `promiseBytes`. */
  readonly timestamp: Buffer;
};

export type InclusionProof = {
  readonly index: number;
  readonly size: number;
  readonly root: Buffer;
  readonly path: readonly Buffer[];
  readonly checkpoint: string;
};

export type LoggedEntry = Promised & { readonly proof: InclusionProof };

/** The bytes that a signed entry timestamp signs. */
export function promiseBytes(entry: Omit<Promised, 'timestamp'>): Buffer {
  return canonicalBytes(promisePayload(entry));
}

function promisePayload({ body, index, integratedTime, logId }: Omit<Promised, 'timestamp'>): JsonObject {
  return { body: body.toString('base64'), integratedTime, logID: logId, logIndex: index };
}

export const bundleAnnotation = 'dev.sigstore.cosign/bundle';

export function annotationText(entry: Promised): string {
  return canonicalJson({ SignedEntryTimestamp: entry.timestamp.toString('base64'), Payload: promisePayload(entry) });
}

export function parseAnnotation(text: string): Promised {
  const { SignedEntryTimestamp, Payload } = asObject(parse(text), 'the log annotation');
  const { body, integratedTime, logID, logIndex } = asObject(Payload, "the log annotation's payload");
  if (typeof logID !== 'string') throw unverified('the log annotation names no log');
  return {
    body: base64(body, 'the log entry'),
    index: count(logIndex, 'log index'),
    integratedTime: count(integratedTime, 'integrated time'),
    logId: logID,
    timestamp: base64(SignedEntryTimestamp, 'the signed entry timestamp'),
  };
}

export function entryJson(entry: LoggedEntry, kind: EntryKind): JsonObject {
  const { proof } = entry;
  return {
    ...promiseJson(entry, kind),
    inclusionProof: {
      logIndex: String(proof.index),
      rootHash: proof.root.toString('base64'),
      treeSize: String(proof.size),
      hashes: proof.path.map((hash) => hash.toString('base64')),
      checkpoint: { envelope: proof.checkpoint },
    },
  };
}

/** A TransparencyLogEntry without a proof, as bundles before version 0.2 may have it. */
export function promiseJson(
  { body, index, integratedTime, logId, timestamp }: Promised,
  kind: { readonly kind: string; readonly version: string },
): JsonObject {
  return {
    logIndex: String(index),
    logId: { keyId: Buffer.from(logId, 'hex').toString('base64') },
    kindVersion: { ...kind },
    integratedTime: String(integratedTime),
    inclusionPromise: { signedEntryTimestamp: timestamp.toString('base64') },
    canonicalizedBody: body.toString('base64'),
  };
}

/** Reads a TransparencyLogEntry; throws VERIFICATION_FAILED with the reason. */
export function parseEntry(value: unknown): LoggedEntry {
  const entry = asObject(value, 'the log entry');
  const { keyId } = asObject(entry['logId'], "the log entry's log");
  const { signedEntryTimestamp } = asObject(entry['inclusionPromise'], "the log's promise");
  return {
    body: base64(entry['canonicalizedBody'], 'the body of the log entry'),
    index: count(entry['logIndex'] ?? '0', 'log index'),
    integratedTime: count(entry['integratedTime'], 'integrated time'),
    logId: base64(keyId, "the log's name").toString('hex'),
    timestamp: base64(signedEntryTimestamp, 'the signed entry timestamp'),
    proof: parseProof(entry['inclusionProof']),
  };
}

function parseProof(value: unknown): InclusionProof {
  const proof = asObject(value, 'the inclusion proof');
  const hashes = proof['hashes'] ?? [];
  const { envelope } = asObject(proof['checkpoint'], 'the checkpoint');
  if (!Array.isArray(hashes)) throw unverified('the inclusion proof has no path');
  if (typeof envelope !== 'string') throw unverified('the inclusion proof has no checkpoint');
  return {
    index: count(proof['logIndex'] ?? '0', 'index of the inclusion proof'),
    size: count(proof['treeSize'], 'size of the tree'),
    root: base64(proof['rootHash'], 'the root of the tree'),
    path: hashes.map((hash) => base64(hash, 'a hash of the inclusion proof')),
    checkpoint: envelope,
  };
}

/** protobuf writes 64-bit numbers as strings and leaves zero out; Rekor's annotation has numbers. */
function count(value: unknown, what: string): number {
  const number = typeof value === 'string' && /^(?:0|[1-9]\d*)$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number;
  throw unverified(`the ${what} is not a number`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unverified('the log annotation is not JSON');
  }
}
