// `verify FILE --bundle BUNDLE`: who vouches for a single file. The same lines as for an artifact, as far as a file has
// them; nothing of it needs a network.

import { readFile, stat } from 'node:fs/promises';
import { digestOf } from '../core/digest.ts';
import { ExportError, toExportError } from '../core/errors.ts';
import { checkFileSize, fileEvidence, parseFileBundle, type FileSignature } from '../trust/file-signature.ts';
import type { PublicKey } from '../trust/public-key.ts';
import type { SignedContent } from '../trust/signing-policy.ts';
import type { Check } from '../trust/types.ts';
import { isNotChecked } from './report.ts';
import type { VerifyFileOptions, VerifyResult } from './types.ts';
import { distinctKeys, noTrustedRoot, readThreshold, testimonies, type Look } from './vouching.ts';

/** What one key signed, and what came with the signature. */
type Signed = { readonly key: PublicKey; readonly content: SignedContent; readonly carried: FileSignature };

/**
 * Throws NOT_FOUND when a file is not there, USAGE without a key or for a threshold that cannot be met, INPUT_INVALID for
 * a key that is none; everything else is in the report.
 */
export async function verifyFile(path: string, options: VerifyFileOptions): Promise<VerifyResult> {
  const keys = distinctKeys([options.key].flat());
  if (keys.length === 0) {
    throw new ExportError('USAGE', 'a file is verified with a key', { hint: 'give --key, such as cosign.pub' });
  }
  const threshold = readThreshold(options.threshold, keys.length);
  const content = await readWhole(path);
  const bundles = await Promise.all(options.bundles.map(readWhole));
  const named: Check = { name: 'file', ok: true, evidence: `${path} is ${digestOf(content)}` };
  const reasons: string[] = [];
  const signed = keys.flatMap((key) => findSigned(bundles, content, key, reasons));
  const checks = [
    named,
    line('signature', signed, { threshold, keys: keys.length, reasons }),
    ...(await testimonies(options)).map((asked) => testimonyCheck(signed, threshold, asked)),
  ];
  const failed = checks.filter((check) => !check.ok && !isNotChecked(check)).map(({ name }) => name);
  return { ok: failed.length === 0, failed, checks };
}

/** The bundles in which a key signed the file; why there is none is added to `reasons`. */
function findSigned(bundles: readonly Buffer[], file: Buffer, key: PublicKey, reasons: string[]): Signed[] {
  const found: Signed[] = [];
  const why: string[] = [];
  for (const bytes of bundles) {
    try {
      const carried = parseFileBundle(bytes);
      found.push({ key, carried, content: fileEvidence(carried, file, key) });
    } catch (thrown) {
      why.push(reasonOf(thrown));
    }
  }
  if (found.length === 0) reasons.push(`${key.id}: ${why.join('; ')}`);
  return found;
}

type Quorum = { readonly threshold: number; readonly keys: number; readonly reasons: readonly string[] };

function line(name: string, signed: readonly Signed[], { threshold, keys, reasons }: Quorum): Check {
  const ids = [...new Set(signed.map(({ key }) => key.id))];
  if (ids.length >= threshold) return { name, ok: true, evidence: `signed by ${ids.join(', ')}` };
  return { name, ok: false, reason: `${ids.length} of ${keys} keys, ${threshold} wanted: ${reasons.join('; ')}` };
}

function testimonyCheck(
  signed: readonly Signed[],
  threshold: number,
  { name, look }: { name: string; look: Look | undefined },
): Check {
  if (look === undefined) return noTrustedRoot(name);
  if (signed.length === 0) return { name, ok: false, reason: 'there is no good signature to look at' };
  const seen = new Map<string, string>();
  const reasons: string[] = [];
  for (const { key, content, carried } of signed) {
    try {
      seen.set(key.id, look(content, carried));
    } catch (thrown) {
      reasons.push(`${key.id}: ${reasonOf(thrown)}`);
    }
  }
  if (seen.size >= threshold) return { name, ok: true, evidence: [...seen.values()].join(', ') };
  return { name, ok: false, reason: reasons.join('; ') || `${seen.size} keys, ${threshold} wanted` };
}

/** Only what was found wrong is a reason; that something could not be read is thrown. */
function reasonOf(thrown: unknown): string {
  const error = toExportError(thrown);
  if (error.code !== 'VERIFICATION_FAILED') throw error;
  return error.message;
}

async function readWhole(path: string): Promise<Buffer> {
  const size = await stat(path).then(
    (found) => found.size,
    (cause: unknown) => {
      throw new ExportError('NOT_FOUND', `${path} cannot be read`, { cause });
    },
  );
  checkFileSize(size);
  return readFile(path);
}
