// A signer whose private key lives elsewhere (KMS, HSM, a signing service): bytes go out, a signature comes back, and it
// is used only when the public key, which is configured beside it, verifies it.

import { sha256 } from '../core/digest.ts';
import { ExportError } from '../core/errors.ts';
import { signatureHolds, type PublicKey } from './public-key.ts';
import type { Signer } from './types.ts';

/** What the other side is given: the SHA-256 of what is to be signed, or that itself. */
export type SignerInput = 'digest' | 'data';

/** How the other side is asked. Gives back its answer: DER or raw bytes, or their base64 text. */
export interface SignerTransport {
  /** How messages name the signer; without any secret. */
  readonly name: string;
  ask(bytes: Buffer, signal: AbortSignal): Promise<Buffer>;
}

export type RemoteSignerOptions = {
  readonly publicKey: PublicKey;
  readonly input: SignerInput;
  readonly timeoutMs: number;
};

/** Largest answer that is read; an RSA-4096 signature in base64 has 684 bytes. */
export const maxSignatureBytes = 16 << 10;

/** Throws INPUT_INVALID for Ed25519 with a digest, which is no Ed25519 signature that clients verify. */
export function remoteSigner(transport: SignerTransport, options: RemoteSignerOptions): Signer {
  const { publicKey, input, timeoutMs } = options;
  const { name } = transport;
  if (publicKey.algorithm === 'ed25519' && input === 'digest') {
    throw new ExportError('INPUT_INVALID', `${name} cannot sign digests with an Ed25519 key`, {
      hint: 'set EXPORT_CENTER_SIGNER_INPUT=data',
    });
  }
  return {
    publicKeyPem: publicKey.pem,
    hint: publicKey.hint,
    async sign(data) {
      const bytes = Buffer.from(data);
      const signal = AbortSignal.timeout(timeoutMs);
      const answer = await askInTime(transport, input === 'digest' ? sha256(bytes) : bytes, signal, timeoutMs);
      const signature = candidates(answer).find((candidate) => signatureHolds(publicKey, bytes, candidate));
      if (signature) return signature;
      throw new ExportError('VERIFICATION_FAILED', `${name} gave no signature that its public key verifies`, {
        hint: 'EXPORT_CENTER_SIGNER_PUBLIC_KEY must belong to its key, and EXPORT_CENTER_SIGNER_INPUT be what it expects',
      });
    },
  };
}

async function askInTime(
  transport: SignerTransport,
  bytes: Buffer,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<Buffer> {
  try {
    return await transport.ask(bytes, signal);
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    throw new ExportError('UNREACHABLE', `${transport.name} did not answer within ${timeoutMs / 1_000} seconds`, {
      retryable: true,
      hint: 'a slow signer is given more time by EXPORT_CENTER_SIGNER_TIMEOUT, in seconds',
    });
  }
}

/** The answer's bytes, and what they are the base64 of. */
function candidates(answer: Buffer): Buffer[] {
  const text = answer.toString('latin1').replaceAll(/\s/g, '');
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? [answer, Buffer.from(text, 'base64')] : [answer];
}
