// What signatures of this installation rest on besides the key, and the files that tell it to consumers. The
// transparency log is on unless EXPORT_CENTER_TRANSPARENCY_LOG=off; a timestamp authority is asked when one is set
// (trust/timestamp/timestamp-settings.ts); EXPORT_CENTER_TRUSTED_ROOT names a trusted root that the operator wants to
// stand beside ours.

import { readFile } from 'node:fs/promises';
import type { Clock } from '../core/clock.ts';
import { ExportError } from '../core/errors.ts';
import { addAudit } from '../db/audit.ts';
import type { Database } from '../db/database.ts';
import type { Environment } from '../trust/environment-key.ts';
import { trustedLogs } from '../trust/log/check-log.ts';
import type { LogTree } from '../trust/log/log-storage.ts';
import { logUrl } from '../trust/log/log-identity.ts';
import { logWitness } from '../trust/log/log-witness.ts';
import { openLog } from '../trust/log/open-log.ts';
import type { TransparencyLog } from '../trust/log/transparency-log.ts';
import type { Post } from '../trust/http-signer.ts';
import type { SigningPolicy, Witness } from '../trust/signing-policy.ts';
import type { KeylessSigner } from '../trust/keyless/attest-keyless.ts';
import { keylessSettings, type KeylessSettings } from '../trust/keyless/keyless-settings.ts';
import { timestampSettings, type TimestampSettings } from '../trust/timestamp/timestamp-settings.ts';
import { trustFiles, type TrustFiles } from '../trust/trust-files.ts';
import {
  mergeServices,
  trustedLogJson,
  trustedRootJson,
  trustedServices,
  type TrustedServices,
} from '../trust/trusted-root.ts';
import { logStorage } from './log-storage.ts';

export type TrustDesk = {
  readonly policy: SigningPolicy;
  readonly files: TrustFiles;
  /** Absent when it is off. */
  readonly log?: TransparencyLog;
  /** Signs with certificates besides; absent unless that is set. */
  readonly keyless?: KeylessSigner;
};

export type TrustDeskOptions = {
  readonly db: Database;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly env: Environment;
  /** Whether anything is signed here at all; without it no log is begun. */
  readonly signs: boolean;
  /** How a timestamp authority is asked. */
  readonly post: Post;
};

/** Throws USAGE or INPUT_INVALID for settings that cannot be used, and what `openLog` throws. */
export async function openTrustDesk(options: TrustDeskOptions): Promise<TrustDesk> {
  const { db, clock, env, signs, post } = options;
  const others = await operatorServices(env);
  const stamps = await timestampSettings(env);
  const authority: TrustedServices = stamps ? { timestampAuthorities: [stamps.authority] } : {};
  const timestampAuthorities = stamps ? [{ url: stamps.url.href, start: stamps.start }] : [];
  const opened = signs && !logIsOff(env) ? await openLog({ ...options, storage: logStorage(db) }) : undefined;
  // Consumers who carry the trusted root by hand must be given the new one.
  if (opened?.replaced === true) {
    await addAudit(db, { actor: 'service', action: 'log.replace', target: opened.log.identity.publicKey.id }, clock);
  }
  // What former signatures rest on stays trusted, also without a log.
  const own = ownLogs(opened?.trees ?? (await logStorage(db).trees()));
  const services = mergeServices(own, authority, others);
  const logKey = opened?.log.identity.publicKey.pem;
  const files = trustFiles({ services, timestampAuthorities, ...(logKey === undefined ? {} : { logKey }) });
  const witnesses: Witness[] = [];
  if (opened) witnesses.push(logWitness(opened.log, trustedLogs(Buffer.from(trustedRootJson(own)))));
  if (signs && stamps) witnesses.push(await stampWitness(stamps, services, post));
  const policy = { witnesses };
  const settings = signs ? keylessSettings(env) : undefined;
  const seen = { logs: opened ? 1 : 0, timestamps: stamps ? 1 : 0 };
  const keyless = settings && (await keylessSigner(settings, { policy, services, seen, post }));
  return { policy, files, ...(opened ? { log: opened.log } : {}), ...(keyless ? { keyless } : {}) };
}

type KeylessFacts = {
  readonly policy: SigningPolicy;
  readonly services: TrustedServices;
  /** Witnesses by kind. */
  readonly seen: { readonly logs: number; readonly timestamps: number };
  readonly post: Post;
};

async function keylessSigner(
  settings: KeylessSettings,
  { policy, services, seen, post }: KeylessFacts,
): Promise<KeylessSigner> {
  if (seen.logs + seen.timestamps === 0) {
    throw new ExportError('USAGE', 'EXPORT_CENTER_FULCIO needs the transparency log or a timestamp authority', {
      hint: 'certificates are good for minutes: somebody must have seen what they signed in time',
    });
  }
  const [{ KeylessSigner }, { certificateCheck }] = await Promise.all([
    import('../trust/keyless/attest-keyless.ts'),
    import('../trust/keyless/certificate-bundle.ts'),
  ]);
  const trustedRoot = Buffer.from(trustedRootJson(services));
  const check = certificateCheck({ trustedRoot, identity: settings.identity, ...seen });
  return new KeylessSigner({ settings, post, check, policy });
}

/** Timestamps of former authorities count as long as the operator's trusted root has them. */
async function stampWitness({ url }: TimestampSettings, services: TrustedServices, post: Post): Promise<Witness> {
  const [{ timestampWitness }, { trustedAuthorities }] = await Promise.all([
    import('../trust/timestamp/timestamp-witness.ts'),
    import('../trust/timestamp/check-timestamp.ts'),
  ]);
  return timestampWitness({ url, post, trusted: trustedAuthorities(Buffer.from(trustedRootJson(services))) });
}

function ownLogs(trees: readonly LogTree[]): TrustedServices {
  return {
    tlogs: trees.map(({ publicKey, validFrom, retiredAt }) =>
      trustedLogJson(publicKey, { start: validFrom, ...(retiredAt === null ? {} : { end: retiredAt }) }, logUrl),
    ),
  };
}

function logIsOff(env: Environment): boolean {
  const value = env['EXPORT_CENTER_TRANSPARENCY_LOG'] ?? '';
  if (value === '' || value === 'on') return false;
  if (value === 'off') return true;
  throw new ExportError('USAGE', 'EXPORT_CENTER_TRANSPARENCY_LOG is on or off');
}

async function operatorServices(env: Environment): Promise<TrustedServices> {
  const path = env['EXPORT_CENTER_TRUSTED_ROOT'] ?? '';
  if (path === '') return {};
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new ExportError('INPUT_INVALID', `EXPORT_CENTER_TRUSTED_ROOT names ${path}, which cannot be read`, { cause });
  });
  return trustedServices(bytes, path);
}
