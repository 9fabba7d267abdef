// What Rekor's API v1 says about a log (rekor openapi.yaml, LogEntry, LogInfo, ConsistencyProof), and how it names
// entries: 16 hex digits of the tree, then the leaf hash.

import { canonicalBytes, type Json } from '../../core/canonical-json.ts';
import { ExportError } from '../../core/errors.ts';
import { asObject, base64, parseEnvelope, parseJsonObject, type JsonObject } from '../envelope.ts';
import { parsePublicKey } from '../public-key.ts';
import { entryBody } from './entry-body.ts';
import type { LoggedEntry } from './logged-entry.ts';
import type { LogIdentity } from './log-identity.ts';
import { leafHash } from './merkle.ts';
import { keyOfPublicKey } from './search-keys.ts';
import type { SignedTreeHead } from './transparency-log.ts';

export function entryUuid({ treeId }: Pick<LogIdentity, 'treeId'>, leaf: string): string {
  return BigInt(treeId).toString(16).padStart(16, '0') + leaf;
}

/** The leaf hash in an entry's name, with or without the tree; undefined when it is of another tree. */
export function leafOfUuid(identity: Pick<LogIdentity, 'treeId'>, uuid: string): string | undefined {
  if (!/^(?:[0-9a-f]{16})?[0-9a-f]{64}$/.test(uuid)) {
    throw new ExportError('INPUT_INVALID', 'an entry is named by 64 or 80 hex digits');
  }
  const leaf = uuid.slice(-64);
  return uuid.length === 64 || uuid === entryUuid(identity, leaf) ? leaf : undefined;
}

/** A LogEntry: one member, named by the entry. */
export function logEntryJson(identity: LogIdentity, entry: LoggedEntry): JsonObject {
  const { body, index, integratedTime, logId, timestamp, proof } = entry;
  return {
    [entryUuid(identity, leafHash(body).toString('hex'))]: {
      body: body.toString('base64'),
      integratedTime,
      logID: logId,
      logIndex: index,
      verification: {
        inclusionProof: {
          checkpoint: proof.checkpoint,
          hashes: proof.path.map((hash) => hash.toString('hex')),
          logIndex: proof.index,
          rootHash: proof.root.toString('hex'),
          treeSize: proof.size,
        },
        signedEntryTimestamp: timestamp.toString('base64'),
      },
    },
  };
}

export function logInfoJson({ treeId }: LogIdentity, { size, root, checkpoint }: SignedTreeHead): JsonObject {
  return {
    rootHash: root.toString('hex'),
    treeSize: size,
    signedTreeHead: checkpoint,
    treeID: treeId,
    inactiveShards: [],
  };
}

export function consistencyJson({
  root,
  path,
}: {
  readonly root: Buffer;
  readonly path: readonly Buffer[];
}): JsonObject {
  return { rootHash: root.toString('hex'), hashes: path.map((hash) => hash.toString('hex')) };
}

/** What a search asks for, as search keys. Throws INPUT_INVALID for what cannot be searched for. */
export function searchedKeys({ hash, publicKey }: Record<string, unknown>): string[] {
  const keys: string[] = [];
  if (typeof hash === 'string') {
    const hex = /^(?:sha256:)?([0-9a-f]{64})$/.exec(hash)?.[1];
    if (hex === undefined) throw new ExportError('INPUT_INVALID', 'only SHA-256 hashes can be searched for');
    keys.push(`sha256:${hex}`);
  }
  if (publicKey !== undefined) {
    const { content } = asObject(publicKey, 'the public key');
    keys.push(keyOfPublicKey(parsePublicKey(base64(content, 'the public key').toString('utf8')).pem));
  }
  if (keys.length > 0) return keys;
  throw new ExportError('INPUT_INVALID', 'a search needs a hash or a public key');
}

/** The leaf hash that a proposed entry would have; throws VERIFICATION_FAILED for what cannot be an entry here. */
export function leafOfProposed(value: unknown): string {
  const { kind, apiVersion, spec } = asObject(value, 'the proposed entry');
  const body = kind === 'dsse' ? proposedEnvelope(spec) : proposedRekord({ kind, apiVersion, spec });
  return leafHash(body).toString('hex');
}

function proposedEnvelope(spec: unknown): Buffer {
  const { proposedContent } = asObject(spec, "the proposed entry's spec");
  const { envelope, verifiers } = asObject(proposedContent, 'the proposed content');
  const { payload, signature } = parseEnvelope(parseJsonObject(Buffer.from(String(envelope)), 'the envelope'));
  const [verifier] = Array.isArray(verifiers) ? (verifiers as unknown[]) : [];
  const { pem } = parsePublicKey(base64(verifier, 'the verifier').toString('utf8'));
  return entryBody({ kind: 'dsse', payload, signature, publicKeyPem: pem });
}

/** Proposed as it is kept, but for the form of the key. */
function proposedRekord({ kind, apiVersion, spec }: Record<string, unknown>): Buffer {
  const { data, signature } = asObject(spec, "the proposed entry's spec");
  const { content, publicKey } = asObject(signature, "the proposed entry's signature");
  const key = asObject(publicKey, "the proposed entry's key")['content'];
  const { pem } = parsePublicKey(base64(key, "the proposed entry's key").toString('utf8'));
  const { hash } = asObject(data, "the proposed entry's data");
  const kept = { data: { hash }, signature: { content, publicKey: { content: Buffer.from(pem).toString('base64') } } };
  return canonicalBytes({ apiVersion, kind, spec: kept } as Json);
}
