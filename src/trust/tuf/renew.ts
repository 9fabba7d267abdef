// A timestamp signed anew by who holds a key of that role alone: on the far side of a gap, where the publisher cannot say
// every day that nothing newer exists. Its version stays below the one of the publisher's next kit.

import { formatSeconds } from '../../core/clock.ts';
import { ExportError } from '../../core/errors.ts';
import { fileOf, requireSigned, signMetadata } from './envelope.ts';
import type { TufSigner } from './keys.ts';
import type { RootSigned, TimestampSigned, TufFile } from './types.ts';

export type Renewal = {
  readonly root: TufFile<RootSigned>;
  readonly timestamp: TufFile<TimestampSigned>;
  readonly signer: TufSigner;
  readonly now: Date;
  readonly validMs: number;
  /** Publishers count their timestamps in steps of this. */
  readonly stride: number;
};

/** Throws DENIED when the root does not give the key that role, CONFLICT when all versions up to the next kit are used. */
export async function renewTimestamp(renewal: Renewal): Promise<TufFile<TimestampSigned>> {
  const { root, timestamp, signer, now, validMs, stride } = renewal;
  const { keys, roles } = root.envelope.signed;
  requireSigned('timestamp', timestamp.envelope, roles.timestamp, keys);
  if (!roles.timestamp.keyids.includes(signer.keyId)) {
    throw new ExportError('DENIED', `the key ${signer.keyId.slice(0, 16)} may not sign timestamps of this repository`, {
      hint: 'the publisher adds its public half with `export-center tuf add-key … timestamp`, before the kit is made',
    });
  }
  const version = timestamp.version + 1;
  if (version % stride === 0) {
    throw new ExportError('CONFLICT', 'all versions that lie before the next kit are used', { hint: 'get a new kit' });
  }
  const expires = formatSeconds(new Date(now.getTime() + validMs));
  const signed: TimestampSigned = { ...timestamp.envelope.signed, version, expires };
  const envelope = await signMetadata(
    signed,
    { ...roles.timestamp, keyids: [signer.keyId] },
    new Map([[signer.keyId, signer]]),
  );
  requireSigned('timestamp', envelope, roles.timestamp, keys);
  return fileOf('timestamp', envelope);
}
