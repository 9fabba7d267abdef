// Who a log is: its key names it (RFC 6962 §3.2), and origin and tree number of its checkpoints follow from the key.

import { sha256 } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import type { PublicKey } from '../public-key.ts';

export type LogIdentity = {
  readonly publicKey: PublicKey;
  /** Hex of SHA-256 over the key's SPKI DER. */
  readonly logId: string;
  /** A positive 63-bit number in decimal, as Rekor names trees. */
  readonly treeId: string;
  /** First line of the checkpoints. Its form tells verifiers that entries are of Rekor v1. */
  readonly origin: string;
};

const logName = 'log.export-center.invalid';

/**
 * How trusted roots call the logs of this product. It is no address: under which one a log can be read may change, while
 * verifiers want the name in its checkpoints to be part of this.
 */
export const logUrl = `https://${logName}`;

/** Throws INPUT_INVALID unless the key is ECDSA P-256, the only one that verifiers take for signed entry timestamps. */
export function logIdentity(publicKey: PublicKey): LogIdentity {
  if (publicKey.algorithm !== 'ecdsa-p256') {
    throw new ExportError('INPUT_INVALID', `a transparency log cannot sign with ${publicKey.algorithm}`, {
      hint: 'its key is ECDSA P-256',
    });
  }
  const id = sha256(publicKey.key.export({ type: 'spki', format: 'der' }));
  const treeId = (id.readBigUInt64BE(0) >> 1n).toString();
  return { publicKey, logId: id.toString('hex'), treeId, origin: `${logName} - ${treeId}` };
}
