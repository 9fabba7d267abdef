// Signed documents as bytes: compact JSON, never the canonical form, which has raw control characters. A file's bytes are
// made once and kept; whoever adds a signature makes another file.

import { ExportError } from '../../core/errors.ts';
import { sha256 } from '../../core/digest.ts';
import { olpcBytes } from './canonical.ts';
import { publicKeyOf, tufSignatureHolds, type TufSigner } from './keys.ts';
import type { Envelope, MetaEntry, RoleKeys, Signed, TufFile, TufKeys, TufSignature } from './types.ts';

/** Signs with every key of the role that there is a signer for, however many these are. */
export async function signMetadata<S extends Signed>(
  signed: S,
  role: RoleKeys,
  signers: ReadonlyMap<string, TufSigner>,
): Promise<Envelope<S>> {
  const data = olpcBytes(signed);
  const signatures: TufSignature[] = [];
  for (const keyid of role.keyids) {
    const signer = signers.get(keyid);
    if (signer) signatures.push({ keyid, sig: await signer.sign(data) });
  }
  return { signatures, signed };
}

/** `envelope` with further signatures; one of the same key is replaced. */
export function withSignatures<S extends Signed>(envelope: Envelope<S>, more: readonly TufSignature[]): Envelope<S> {
  const ids = new Set(more.map(({ keyid }) => keyid));
  return { ...envelope, signatures: [...envelope.signatures.filter(({ keyid }) => !ids.has(keyid)), ...more] };
}

/** How many different keys of the role signed. One key under two ids counts once. */
export function countSignatures({ signatures, signed }: Envelope, role: RoleKeys, keys: TufKeys): number {
  const data = olpcBytes(signed);
  const material = new Set<string>();
  for (const { keyid, sig } of signatures) {
    const key = keys[keyid];
    if (!key || !role.keyids.includes(keyid) || !tufSignatureHolds(key, data, sig)) continue;
    material.add(publicKeyOf(key).export({ type: 'spki', format: 'der' }).toString('hex'));
  }
  return material.size;
}

/** Whether the role's threshold of signatures is there. */
export function isSigned(envelope: Envelope, role: RoleKeys, keys: TufKeys): boolean {
  return countSignatures(envelope, role, keys) >= role.threshold;
}

/** Throws NOT_FOUND unless the threshold of signatures is there. */
export function requireSigned(name: string, envelope: Envelope, role: RoleKeys, keys: TufKeys): void {
  const count = countSignatures(envelope, role, keys);
  if (count >= role.threshold) return;
  throw new ExportError('NOT_FOUND', `${name} is signed by ${count} of the ${role.threshold} keys that it needs`, {
    hint: 'let the holders of its keys sign a draft: `export-center tuf rotate`, `tuf sign`, `tuf publish`',
  });
}

/** The file of an envelope, under the name that clients ask for with consistent snapshots (TUF §6.2). */
export function fileOf<S extends Signed>(role: string, envelope: Envelope<S>): TufFile<S> {
  const { version } = envelope.signed;
  const name = role === 'timestamp' ? 'timestamp.json' : `${version}.${role}.json`;
  return { role, version, name, bytes: Buffer.from(JSON.stringify(envelope)), envelope };
}

/** Reads a file's bytes back. Throws INPUT_INVALID for what is no signed document of the type wanted. */
export function readFile<S extends Signed>(role: string, bytes: Buffer, type: S['_type']): TufFile<S> {
  const { signed } = parseEnvelope(bytes.toString('utf8'));
  if (signed._type !== type)
    throw new ExportError('INPUT_INVALID', `${role} is of the type ${signed._type}, not ${type}`);
  const envelope = JSON.parse(bytes.toString('utf8')) as Envelope<S>;
  return { ...fileOf(role, envelope), bytes };
}

/** Parses a document with signatures; what the document holds is for the lint to judge. */
export function parseEnvelope(text: string): Envelope {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ExportError('INPUT_INVALID', 'TUF metadata refused: it is not JSON', { cause });
  }
  const { signatures, signed } = (value ?? {}) as Partial<Envelope>;
  const isList = Array.isArray(signatures) && signatures.every(isSignature);
  if (!isList || typeof signed !== 'object' || signed === null) {
    throw new ExportError('INPUT_INVALID', 'TUF metadata refused: it has no signatures and signed');
  }
  return { signatures, signed };
}

function isSignature(value: unknown): value is TufSignature {
  const { keyid, sig } = (value ?? {}) as Partial<TufSignature>;
  return typeof keyid === 'string' && typeof sig === 'string';
}

/** What a snapshot or timestamp says about a file. */
export function metaOf({ version, bytes }: TufFile): MetaEntry {
  return { version, length: bytes.length, hashes: { sha256: sha256(bytes).toString('hex') } };
}
