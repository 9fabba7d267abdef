// Whether a signature is in a transparency log, checked offline against the logs of a trusted root: the entry is about
// this very signature, the log promised it (signed entry timestamp), and it is in the tree of a checkpoint that the log
// signed (RFC 6962 §2.1.1).

import { asObject, base64, parseJsonObject, unverified } from '../envelope.ts';
import { publicKeyOf, signatureHolds } from '../public-key.ts';
import { createPublicKey } from 'node:crypto';
import type { SignedContent, Testimony } from '../signing-policy.ts';
import { verifyCheckpoint } from './checkpoint.ts';
import { isAbout } from './entry-body.ts';
import { bundleAnnotation, parseAnnotation, parseEntry, promiseBytes, type Promised } from './logged-entry.ts';
import { logIdentity, type LogIdentity } from './log-identity.ts';
import { leafHash, rootOfPath } from './merkle.ts';

/** A log that is trusted for entries of a span of time. */
export type TrustedLog = LogIdentity & { readonly validFrom: Date; readonly validUntil?: Date };

export type LogEvidence = {
  /** Hex of the log's ID. */
  readonly logId: string;
  readonly index: number;
  readonly integratedAt: Date;
  /** Size of the tree that the proof leads to; absent where a cosign tag carries the promise alone. */
  readonly treeSize?: number;
};

/** One line for people. */
export function logEvidenceText({ logId, index, integratedAt, treeSize }: LogEvidence): string {
  const tree = treeSize === undefined ? '' : ` of ${treeSize}`;
  return `entry ${index}${tree} of log ${logId.slice(0, 16)}, ${integratedAt.toISOString()}`;
}

/** sigstore-go's own bound. */
const maxEntries = 32;

/**
 * The logs of a trusted root (bytes of `trusted_root.json`); those with other keys than ECDSA P-256 are passed over,
 * since nothing of theirs could be checked here. Throws VERIFICATION_FAILED when it is not a trusted root.
 */
export function trustedLogs(trustedRoot: Uint8Array): TrustedLog[] {
  const { tlogs = [] } = parseJsonObject(trustedRoot, 'the trusted root');
  if (!Array.isArray(tlogs)) throw unverified("the trusted root's logs are not a list");
  return tlogs.flatMap((item) => trustedLog(asObject(item, 'a log of the trusted root')));
}

function trustedLog(instance: Record<string, unknown>): TrustedLog[] {
  const { rawBytes, validFor } = asObject(instance['publicKey'], "a log's key");
  const der = base64(rawBytes, "a log's key");
  let identity: LogIdentity;
  try {
    identity = logIdentity(publicKeyOf(createPublicKey({ key: der, format: 'der', type: 'spki' })));
  } catch {
    return [];
  }
  const { start, end } = asObject(validFor ?? {}, "the validity of a log's key");
  const until = end === undefined ? {} : { validUntil: instant(end) };
  return [{ ...identity, validFrom: start === undefined ? new Date(0) : instant(start), ...until }];
}

/**
 * Checks that what a signature carries, members of a sigstoreBundle's verificationMaterial or annotations of a cosign
 * tag's layer, holds a good entry of one of `logs` about `content`. Throws VERIFICATION_FAILED with the reason.
 */
export function checkLog(
  content: SignedContent,
  carried: Partial<Testimony>,
  logs: readonly TrustedLog[],
): LogEvidence {
  if (carried.material === undefined) return checkAnnotation(content, carried, logs);
  const entries = carried.material['tlogEntries'] ?? [];
  if (!Array.isArray(entries) || entries.length === 0) throw unverified('it carries no entry of a transparency log');
  const reasons: string[] = [];
  for (const entry of entries.slice(0, maxEntries)) {
    try {
      return checkEntry(content, entry, logs);
    } catch (thrown) {
      reasons.push(thrown instanceof Error ? thrown.message : String(thrown));
    }
  }
  throw unverified(reasons.join('; '));
}

function checkEntry(content: SignedContent, value: unknown, logs: readonly TrustedLog[]): LogEvidence {
  const entry = parseEntry(value);
  const { index, proof } = entry;
  const log = checkPromise(content, entry, logs);
  if (proof.index !== index) throw unverified('the inclusion proof is about another entry');
  const root = rootOfPath(leafHash(entry.body), index, proof.size, proof.path);
  if (root === undefined || !root.equals(proof.root)) throw unverified('the inclusion proof does not lead to the root');
  const head = verifyCheckpoint(proof.checkpoint, log);
  if (head.size !== proof.size || !head.root.equals(root)) throw unverified('the checkpoint is of another tree');
  return { ...evidence(entry), treeSize: proof.size };
}

function checkAnnotation(
  content: SignedContent,
  { annotations }: Partial<Testimony>,
  logs: readonly TrustedLog[],
): LogEvidence {
  const text = annotations?.[bundleAnnotation];
  if (text === undefined) throw unverified('it carries no entry of a transparency log');
  const promised = parseAnnotation(text);
  checkPromise(content, promised, logs);
  return evidence(promised);
}

/** The trusted log that promised the entry. */
function checkPromise(content: SignedContent, entry: Promised, logs: readonly TrustedLog[]): TrustedLog {
  const log = logs.find(({ logId }) => logId === entry.logId);
  if (log === undefined) throw unverified(`the log ${entry.logId.slice(0, 16)} is not trusted`);
  if (!isAbout(entry.body, content)) throw unverified('the log entry is about another signature');
  if (!signatureHolds(log.publicKey, promiseBytes(entry), entry.timestamp)) {
    throw unverified('the log did not promise this entry');
  }
  const { integratedAt } = evidence(entry);
  if (integratedAt < log.validFrom || (log.validUntil !== undefined && integratedAt > log.validUntil)) {
    throw unverified(`the log is not trusted for ${integratedAt.toISOString()}`);
  }
  return log;
}

function evidence({ logId, index, integratedTime }: Promised): LogEvidence {
  return { logId, index, integratedAt: new Date(integratedTime * 1000) };
}

function instant(value: unknown): Date {
  const date = new Date(typeof value === 'string' ? value : Number.NaN);
  if (Number.isNaN(date.getTime())) throw unverified("the validity of a log's key is not a time");
  return date;
}
