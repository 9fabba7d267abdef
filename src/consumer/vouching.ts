// Who vouches for an artifact: signatures and provenance of enough of the publisher's keys, and their entries in a
// transparency log that is trusted. What was asked for and could not be looked at has failed.

import { ExportError, toExportError } from '../core/errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { checkLog, logEvidenceText, trustedLogs } from '../trust/log/check-log.ts';
import { predicateName, provenancePredicateType, signPredicateType } from '../trust/predicate-types.ts';
import { parsePublicKey, type PublicKey } from '../trust/public-key.ts';
import type { SigningPolicy } from '../trust/signing-policy.ts';
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
};

/** Where signatures are looked for. */
type Source = Pick<OpenedSource, 'reader' | 'layout'>;

export type Vouching = {
  /** `signature`, `log`, `provenance`, in this order. */
  readonly checks: readonly Check[];
  /** Provenance statements that are vouched for. */
  readonly statements: readonly unknown[];
};

/** Throws USAGE for a threshold that cannot be met, INPUT_INVALID for a key that is none. */
export async function checkVouching(source: Source, root: Descriptor, options: VouchingOptions): Promise<Vouching> {
  const keys = distinctKeys(options.keys);
  const threshold = readThreshold(options.threshold, keys.length);
  if (keys.length === 0) return { checks: withoutKey(options.trustedRoot !== undefined), statements: [] };
  let found: Found;
  try {
    found = await findSignatures(source, root, keys);
  } catch (thrown) {
    // A folder finds signatures by reading what its index lists, which may be what is damaged.
    if (!isContentFault(thrown)) throw thrown;
    const reason = `cannot be looked for: ${toExportError(thrown).message}`;
    const failed = (name: string): Check => ({ name, ok: false, reason });
    const log = options.trustedRoot ? failed('log') : noTrustedRoot();
    return { checks: [failed('signature'), log, failed('provenance')], statements: [] };
  }
  const signature = quorum(found, signPredicateType, threshold);
  const provenance = found.types.includes(provenancePredicateType)
    ? quorum(found, provenancePredicateType, threshold)
    : // The signature alone is enough to trust the content, and a folder may have been pulled with nothing else.
      skipped('provenance', 'the folder was pulled without it');
  const log = await checkEntries(source, root, found, { ...options, threshold });
  return { checks: [signature, log, provenance], statements: statementsOf(found) };
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

async function checkEntries(
  { reader }: Source,
  root: Descriptor,
  { types, byKey }: Found,
  { trustedRoot, threshold }: VouchingOptions & { readonly threshold: number },
): Promise<Check> {
  const name = 'log';
  if (trustedRoot === undefined) return noTrustedRoot();
  const entries: string[] = [];
  const reasons: string[] = [];
  let logged = 0;
  for (const { key } of byKey) {
    const look = lookInto(trustedRoot);
    const { ok } = await verifySubject(reader, root, key.pem, { predicateTypes: types, policy: look.policy });
    if (ok) {
      logged++;
      entries.push(...look.seen);
    } else reasons.push(`${key.id}: ${look.reasons.join('; ') || 'there is no good signature'}`);
  }
  if (logged >= threshold) return { name, ok: true, evidence: entries.join(', ') };
  return { name, ok: false, reason: reasons.join('; ') };
}

/** A policy that takes signatures with a good log entry, and what it saw. */
function lookInto(trustedRoot: Uint8Array): { policy: SigningPolicy; seen: string[]; reasons: string[] } {
  const logs = trustedLogs(trustedRoot);
  const seen: string[] = [];
  const reasons: string[] = [];
  const witness = {
    name: 'transparency log',
    testify: () => Promise.reject(new ExportError('INTERNAL', 'nothing is logged while verifying')),
    recognises: (...[content, carried]: Parameters<SigningPolicy['witnesses'][0]['recognises']>): boolean => {
      try {
        seen.push(logEvidenceText(checkLog(content, carried, logs)));
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

function noTrustedRoot(): Check {
  return skipped('log', 'no trusted root was given');
}

function withoutKey(wantsLog: boolean): Check[] {
  const why = 'no key was given';
  const log: Check = wantsLog
    ? { name: 'log', ok: false, reason: 'no key was given whose signatures could be looked up' }
    : skipped('log', why);
  return [skipped('signature', why), log, skipped('provenance', why)];
}
