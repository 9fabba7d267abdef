// Checkpoints: a tree's size and root as a signed note (C2SP tlog-checkpoint and signed-note, in the form that Rekor v1
// gives them: the key hint is the first four bytes of the log ID, the signature ECDSA in DER over SHA-256).

import { base64, unverified } from '../envelope.ts';
import { signatureHolds } from '../public-key.ts';
import type { LogIdentity } from './log-identity.ts';

export type TreeHead = { readonly size: number; readonly root: Buffer };

/** Signs bytes with the log's key. */
export type LogSign = (data: Buffer) => Promise<Buffer>;

export async function signCheckpoint({ size, root }: TreeHead, log: LogIdentity, sign: LogSign): Promise<string> {
  const text = `${log.origin}\n${size}\n${root.toString('base64')}\n`;
  const signature = Buffer.concat([keyHint(log), await sign(Buffer.from(text))]);
  const [name = ''] = log.origin.split(' ');
  return `${text}\n— ${name} ${signature.toString('base64')}\n`;
}

/** What a checkpoint says, when one of its signatures is the log's; throws VERIFICATION_FAILED with the reason. */
export function verifyCheckpoint(note: string, log: Pick<LogIdentity, 'publicKey' | 'logId'>): TreeHead {
  const blank = note.indexOf('\n\n');
  if (blank < 0) throw unverified('the checkpoint is not a signed note');
  const text = note.slice(0, blank + 1);
  const lines = note.slice(blank + 2).split('\n');
  if (!lines.some((line) => isSignature(line, text, log))) {
    throw unverified('the checkpoint is not signed by the log');
  }
  const [, size = '', root] = text.split('\n');
  if (!/^(?:0|[1-9]\d{0,15})$/.test(size)) throw unverified('the checkpoint has no size');
  return { size: Number(size), root: base64(root, "the checkpoint's root") };
}

function isSignature(line: string, text: string, log: Pick<LogIdentity, 'publicKey' | 'logId'>): boolean {
  const encoded = /^— \S+ (\S+)$/.exec(line)?.[1];
  if (encoded === undefined) return false;
  const bytes = Buffer.from(encoded, 'base64');
  return (
    bytes.subarray(0, 4).equals(keyHint(log)) && signatureHolds(log.publicKey, Buffer.from(text), bytes.subarray(4))
  );
}

function keyHint({ logId }: Pick<LogIdentity, 'logId'>): Buffer {
  return Buffer.from(logId.slice(0, 8), 'hex');
}
