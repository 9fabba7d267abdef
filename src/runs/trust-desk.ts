// What signatures of this installation rest on besides the key, and the files that tell it to consumers. The
// transparency log is on unless EXPORT_CENTER_TRANSPARENCY_LOG=off; EXPORT_CENTER_TRUSTED_ROOT names a trusted root
// that the operator wants to stand beside ours.

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
import { keyOnlyPolicy, type SigningPolicy } from '../trust/signing-policy.ts';
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
};

export type TrustDeskOptions = {
  readonly db: Database;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly env: Environment;
  /** Whether anything is signed here at all; without it no log is begun. */
  readonly signs: boolean;
};

/** Throws USAGE or INPUT_INVALID for settings that cannot be used, and what `openLog` throws. */
export async function openTrustDesk({ db, dataDir, clock, env, signs }: TrustDeskOptions): Promise<TrustDesk> {
  const storage = logStorage(db);
  const others = await operatorServices(env);
  if (!signs || logIsOff(env)) {
    // What former signatures rest on stays trusted.
    const services = mergeServices(ownLogs(await storage.trees()), others);
    return { policy: keyOnlyPolicy, files: trustFiles({ services }) };
  }
  const { log, trees, replaced } = await openLog({ dataDir, storage, clock, env });
  // Consumers who carry the trusted root by hand must be given the new one.
  if (replaced)
    await addAudit(db, { actor: 'service', action: 'log.replace', target: log.identity.publicKey.id }, clock);
  const own = ownLogs(trees);
  const files = trustFiles({ services: mergeServices(own, others), logKey: log.identity.publicKey.pem });
  const witness = logWitness(log, trustedLogs(Buffer.from(trustedRootJson(own))));
  return { policy: { witnesses: [witness] }, files, log };
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
