// A transparency log over a SQLite database of its own, and the trusted root that names it.

import { join } from 'node:path';
import { systemClock, type Clock } from '../../../src/core/clock.ts';
import type { Database } from '../../../src/db/database.ts';
import { openDatabase, type DatabaseLocation } from '../../../src/db/open-database.ts';
import { logStorage } from '../../../src/runs/log-storage.ts';
import { trustedLogs, type TrustedLog } from '../../../src/trust/log/check-log.ts';
import { logUrl } from '../../../src/trust/log/log-identity.ts';
import { logWitness } from '../../../src/trust/log/log-witness.ts';
import { openLog, type OpenedLog } from '../../../src/trust/log/open-log.ts';
import type { SigningPolicy } from '../../../src/trust/signing-policy.ts';
import { trustFiles, type TrustFiles } from '../../../src/trust/trust-files.ts';
import { trustedLogJson } from '../../../src/trust/trusted-root.ts';
import { atEnd, type Scope } from '../../support/scope.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

export type TestLog = OpenedLog & {
  readonly db: Database;
  readonly files: TrustFiles;
  readonly trusted: readonly TrustedLog[];
  readonly policy: SigningPolicy;
};

export type TestLogOptions = {
  readonly dataDir?: string;
  readonly location?: DatabaseLocation;
  readonly clock?: Clock;
};

export async function openTestLog(scope: Scope, options: TestLogOptions = {}): Promise<TestLog> {
  const dataDir = options.dataDir ?? (await temporaryFolder(scope, 'log'));
  const clock = options.clock ?? systemClock;
  const db = await openDatabase(options.location ?? { file: join(dataDir, 'center.db') }, clock);
  atEnd(scope, () => db.close());
  const opened = await openLog({ dataDir, storage: logStorage(db), clock, env: {} });
  const tlogs = opened.trees.map(({ publicKey, validFrom }) => trustedLogJson(publicKey, { start: validFrom }, logUrl));
  const files = trustFiles({ services: { tlogs }, logKey: opened.log.identity.publicKey.pem });
  const trusted = trustedLogs(Buffer.from(files['trusted_root.json']));
  return { ...opened, db, files, trusted, policy: { witnesses: [logWitness(opened.log, trusted)] } };
}
