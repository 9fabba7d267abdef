// Who vouches for an artifact: signatures and provenance of enough of the publisher's keys, and their entries in a
// transparency log that is trusted, and their timestamps. What was asked for and could not be looked at has failed.

import { ExportError, toExportError } from '../core/errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { checkLog, logEvidenceText, trustedLogs } from '../trust/log/check-log.ts';
import { predicateName, provenancePredicateType, signPredicateType } from '../trust/predicate-types.ts';
import { parsePublicKey, type PublicKey } from '../trust/public-key.ts';
import type { SignedContent, SigningPolicy, Testimony, Witness } from '../trust/signing-policy.ts';
import type { Check, SignatureEvidence } from '../trust/types.ts';
import { verifySubject, type SubjectVerification } from '../trust/verify-subject.ts';
import { isContentFault } from './content-faults.ts';
import type { OpenedSource } from './open-source.ts';
import { skipped } from './report.ts';
import { hasProvenance } from './signatures.ts';

export type VouchingOptions = {
  /** PEM texts of the publisher's public keys. */
  readonly keys: readonly string[];
  /** How many of them must vouch; default: all. */
  readonly threshold?: number | undefined;
  /** Bytes of a `trusted_root.json`: signatures must be in one of its logs. */
  readonly trustedRoot?: Uint8Array | undefined;
  /** Signatures must carry a timestamp of one of its authorities. */
  readonly signedTimestamps?: boolean | undefined;
};

/** Where signatures are looked for. */
type Source = Pick<OpenedSource, 'reader' | 'layout'>;

export type Vouching = {
  /** `signature`, `log`, `timestamp` when it was asked for, `provenance`, in this order. */
  readonly checks: readonly Check[];
  /** Provenance statements that are vouched for. */
  readonly statements: readonly unknown[];
};

/** Throws USAGE for a threshold that cannot be met, INPUT_INVALID for a key that is none. */
export async function checkVouching(source: Source, root: Descriptor, options: VouchingOptions): Promise<Vouching> {
  const keys = distinctKeys(options.keys);
  const threshold = readThreshold(options.threshold, keys.length);
  if (keys.length === 0) return { checks: withoutKey(options), statements: [] };
  let found: Found;
  try {
    found = await findSignatures(source, root, keys);
  } catch (thrown) {
    // A folder finds signatures by reading what its index lists, which may be what is damaged.
    if (!isContentFault(thrown)) throw thrown;
    const reason = `cannot be looked for: ${toExportError(thrown).message}`;
    const failed = (name: string): Check => ({ name, ok: false, reason });
    const log = options.trustedRoot ? failed('log') : noTrustedRoot();
    const timestamp = options.signedTimestamps ? [failed('timestamp')] : [];
    return { checks: [failed('signature'), log, ...timestamp, failed('provenance')], statements: [] };
  }
  const signature = quorum(found, signPredicateType, threshold);
  const provenance = found.types.includes(provenancePredicateType)
    ? quorum(found, provenancePredicateType, threshold)
    : // The signature alone is enough to trust the content, and a folder may have been pulled with nothing else.
      skipped('provenance', 'the folder was pulled without it');
  const carried: Check[] = [];
  for (const { name, look } of await testimonies(options)) {
    carried.push(look ? await checkTestimony(source, root, found, { name, look, threshold }) : noTrustedRoot(name));
  }
  return { checks: [signature, ...carried, provenance], statements: statementsOf(found) };
}

type Found = {
  /** Predicate types that must be there. */
  readonly types: readonly string[];
  readonly byKey: readonly { readonly key: PublicKey; readonly verification: SubjectVerification }[];
};

async function findSignatures(
  { reader, layout }: Source,
  root: Descriptor,
  keys: readonly PublicKey[],
): Promise<Found> {
  const predicateTypes = [signPredicateType, provenancePredicateType];
  const byKey: { key: PublicKey; verification: SubjectVerification }[] = [];
  for (const key of keys)
    byKey.push({ key, verification: await verifySubject(reader, root, key.pem, { predicateTypes }) });
  const complete = layout === undefined || (await hasProvenance(layout, root));
  return { types: complete ? predicateTypes : [signPredicateType], byKey };
}

/** One line about all keys: enough of them vouch, or why not. */
function quorum({ byKey }: Found, type: string, threshold: number): Check {
  const name = predicateName(type);
  const checks = byKey.map(({ key, verification }) => ({ key, check: checkOf(verification, name) }));
  const [only] = checks;
  if (checks.length === 1 && only) return only.check;
  const good = checks.filter(({ check }) => check.ok);
  const wanted = `${good.length} of ${checks.length} keys, ${threshold} wanted`;
  if (good.length >= threshold) {
    return {
      name,
      ok: true,
      evidence: `${wanted}: ${good.map(({ key, check }) => `${key.id} ${says(check)}`).join('; ')}`,
    };
  }
  const bad = checks.filter(({ check }) => !check.ok).map(({ key, check }) => `${key.id}: ${says(check)}`);
  return { name, ok: false, reason: `${wanted}: ${bad.join('; ')}` };
}

function checkOf({ checks }: SubjectVerification, name: string): Check {
  return checks.find((check) => check.name === name) ?? { name, ok: false, reason: 'was not looked for' };
}

function says(check: Check): string {
  return check.ok ? check.evidence : check.reason;
}

/** What `checkTestimony` looks for in a signature; throws VERIFICATION_FAILED with the reason. */
export type Look = (content: SignedContent, carried: Partial<Testimony>) => string;

/** What signatures must carry, by these options; without a `look` there is nothing to look it up in. */
export async function testimonies({
  trustedRoot,
  signedTimestamps,
}: Pick<VouchingOptions, 'trustedRoot' | 'signedTimestamps'>): Promise<{ name: string; look: Look | undefined }[]> {
  const log = trustedRoot && lookForEntry(trustedRoot);
  const asked = [{ name: 'log', look: log }];
  if (signedTimestamps !== true) return asked;
  return [...asked, { name: 'timestamp', look: trustedRoot && (await lookForTimestamp(trustedRoot)) }];
}

function lookForEntry(trustedRoot: Uint8Array): Look {
  const logs = trustedLogs(trustedRoot);
  return (content, carried) => logEvidenceText(checkLog(content, carried, logs));
}

async function lookForTimestamp(trustedRoot: Uint8Array): Promise<Look> {
  const { checkTimestamp, trustedAuthorities } = await import('../trust/timestamp/check-timestamp.ts');
  const authorities = trustedAuthorities(trustedRoot);
  return (content, carried) => `seen ${checkTimestamp(content, carried, authorities).toISOString()}`;
}

type TestimonyAsked = { readonly name: string; readonly look: Look; readonly threshold: number };

async function checkTestimony(
  { reader }: Source,
  root: Descriptor,
  { types, byKey }: Found,
  { name, look, threshold }: TestimonyAsked,
): Promise<Check> {
  const seen: string[] = [];
  const reasons: string[] = [];
  let good = 0;
  for (const { key } of byKey) {
    const looked = lookingPolicy(name, look);
    const { ok } = await verifySubject(reader, root, key.pem, { predicateTypes: types, policy: looked.policy });
    if (ok) {
      good++;
      seen.push(...looked.seen);
    } else reasons.push(`${key.id}: ${looked.reasons.join('; ') || 'there is no good signature'}`);
  }
  if (good >= threshold) return { name, ok: true, evidence: seen.join(', ') };
  return { name, ok: false, reason: reasons.join('; ') };
}

/** A policy that takes signatures with good testimony, and what it saw. */
function lookingPolicy(name: string, look: Look): { policy: SigningPolicy; seen: string[]; reasons: string[] } {
  const seen: string[] = [];
  const reasons: string[] = [];
  const witness: Witness = {
    name,
    testify: () => Promise.reject(new ExportError('INTERNAL', 'nothing is witnessed while verifying')),
    recognises: (content, carried) => {
      try {
        seen.push(look(content, carried));
        return true;
      } catch (thrown) {
        reasons.push(toExportError(thrown).message);
        return false;
      }
    },
  };
  return { policy: { witnesses: [witness] }, seen, reasons };
}

function statementsOf({ byKey }: Found): unknown[] {
  const all: SignatureEvidence[] = byKey.flatMap(({ verification }) => [...verification.evidence]);
  return all.filter(({ predicateType }) => predicateType === provenancePredicateType).map(({ statement }) => statement);
}

export function distinctKeys(pems: readonly string[]): PublicKey[] {
  return [...new Map(pems.map(parsePublicKey).map((key) => [key.id, key])).values()];
}

/** Default: all keys. Throws USAGE for one that cannot be met. */
export function readThreshold(threshold: number | undefined, keys: number): number {
  if (threshold === undefined) return keys;
  if (Number.isInteger(threshold) && threshold >= 1 && threshold <= keys) return threshold;
  throw new ExportError('USAGE', `${threshold} signatures are wanted of ${keys} different keys`, {
    hint: 'the threshold is a whole number from 1 to the number of keys',
  });
}

/** What was asked for by name has failed without one. */
export function noTrustedRoot(name = 'log'): Check {
  const reason = 'no trusted root was given';
  return name === 'log' ? skipped(name, reason) : { name, ok: false, reason };
}

function withoutKey({ trustedRoot, signedTimestamps }: VouchingOptions): Check[] {
  const why = 'no key was given';
  const failed = (name: string): Check => ({ name, ok: false, reason: `${why} whose signatures could be looked up` });
  return [
    skipped('signature', why),
    trustedRoot === undefined ? skipped('log', why) : failed('log'),
    ...(signedTimestamps === true ? [failed('timestamp')] : []),
    skipped('provenance', why),
  ];
}
