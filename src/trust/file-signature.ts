// Signatures of single files: a sigstoreBundle v0.3 with a message signature (sigstore protobuf-specs, MessageSignature),
// which `cosign verify-blob --bundle` takes.

import { canonicalBytes, type Json } from '../core/canonical-json.ts';
import { digestFromSha256, digestOf, sha256, type Digest } from '../core/digest.ts';
import { ExportError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { asObject, base64, parseJsonObject, unverified, type JsonObject } from './envelope.ts';
import { signatureHolds, type PublicKey } from './public-key.ts';
import { maxBundleBytes } from './sigstore-bundle.ts';
import { gatherTestimony, type SignedContent, type SigningPolicy } from './signing-policy.ts';
import type { Signer } from './types.ts';

export type FileSignature = {
  /** Of the file that the bundle says it is about. */
  readonly digest: Digest;
  readonly signature: Buffer;
  /** Members of verificationMaterial besides the key: log entries, timestamps. */
  readonly material: JsonObject;
};

/**
 * The bundle of a file, with the testimony that the policy asks for. Throws INPUT_TOO_LARGE beyond
 * limits.signedFileBytes, because a key such as Ed25519 signs the whole at once, and INPUT_INVALID for bytes whose
 * signature would also be one of something else.
 */
export async function signFile(content: Buffer, signer: Signer, policy: SigningPolicy): Promise<Buffer> {
  checkFileSize(content.length);
  refuseOtherMeanings(content);
  const signature = await signer.sign(content);
  const signed: SignedContent = { kind: 'raw', payload: content, signature, publicKeyPem: signer.publicKeyPem };
  const { material } = await gatherTestimony(policy, signed);
  return canonicalBytes({
    mediaType: mediaTypes.sigstoreBundle,
    verificationMaterial: { ...material, publicKey: { hint: signer.hint } },
    messageSignature: {
      messageDigest: { algorithm: 'SHA2_256', digest: sha256(content).toString('base64') },
      signature: signature.toString('base64'),
    },
  });
}

/** Reads the bundle of a file that a key signed; throws VERIFICATION_FAILED with the reason. Nothing is verified yet. */
export function parseFileBundle(bytes: Uint8Array): FileSignature {
  if (bytes.byteLength > maxBundleBytes) throw unverified('the bundle is too large');
  const { mediaType, verificationMaterial, messageSignature } = parseJsonObject(bytes, 'the bundle');
  if (mediaType !== mediaTypes.sigstoreBundle) throw unverified('not a sigstore bundle of version 0.3');
  if (messageSignature === undefined) throw unverified('the bundle holds no signature of a file');
  const { publicKey, ...material } = asObject(verificationMaterial, 'the verification material');
  if (publicKey === undefined) throw unverified('the bundle is not signed by a plain key');
  const { messageDigest, signature } = asObject(messageSignature, 'the signature');
  const { algorithm, digest } = asObject(messageDigest, "the file's digest");
  if (algorithm !== 'SHA2_256') throw unverified("the file's digest is not SHA-256");
  return {
    digest: sha256Digest(base64(digest, "the file's digest")),
    signature: base64(signature, 'the signature'),
    material: material as Record<string, Json>,
  };
}

function sha256Digest(raw: Buffer): Digest {
  if (raw.length !== 32) throw unverified("the file's digest is not SHA-256");
  return digestFromSha256(raw);
}

/** What was signed, when the key signed this very file; throws VERIFICATION_FAILED with the reason. */
export function fileEvidence({ digest, signature }: FileSignature, content: Buffer, key: PublicKey): SignedContent {
  if (digest !== digestOf(content)) throw unverified(`the bundle is about another file, ${digest}`);
  if (!signatureHolds(key, content, signature)) throw unverified('the signature does not match the key');
  return { kind: 'raw', payload: content, signature, publicKeyPem: key.pem };
}

/** Throws INPUT_TOO_LARGE for a file that can be neither signed nor verified in one piece. */
export function checkFileSize(bytes: number): void {
  if (bytes <= limits.signedFileBytes) return;
  throw new ExportError('INPUT_TOO_LARGE', `the file is larger than ${limits.signedFileBytes} bytes`, {
    hint: 'sign a list of digests instead, such as sha256sum writes it',
  });
}

/**
 * A signature over raw bytes is a signature over whatever else they are: an encoded statement or a SimpleSigning document
 * given in as a file would vouch for an artifact that nobody exported.
 */
function refuseOtherMeanings(content: Buffer): void {
  const isStatement = content.subarray(0, 7).toString('latin1') === 'DSSEv1 ';
  if (!isStatement && !content.includes('cosign container image signature')) return;
  throw new ExportError(
    'INPUT_INVALID',
    'the file is what a signature of an artifact signs, and is not signed as a file',
    {
      hint: 'artifacts are signed by runs',
    },
  );
}
