// Opens the log of an installation: one for all its tenants, named by the key that its database knows. A database
// without a log gets one; keys of logs that the folder knows from a database that is lost stay trusted for what they
// signed, but are never written with again, because a second tree under one key would be a log that lies.

import { epoch, formatSeconds, type Clock } from '../../core/clock.ts';
import { ExportError } from '../../core/errors.ts';
import type { Environment } from '../environment-key.ts';
import { parsePublicKey } from '../public-key.ts';
import { signerOf, type SigningKey } from '../signing-key.ts';
import { LogKeys } from './log-key.ts';
import { logIdentity } from './log-identity.ts';
import type { LogStorage, LogTree } from './log-storage.ts';
import { TransparencyLog } from './transparency-log.ts';

export type OpenLogOptions = {
  readonly dataDir: string;
  readonly storage: LogStorage;
  readonly clock: Clock;
  readonly env: Environment;
};

export type OpenedLog = {
  readonly log: TransparencyLog;
  /** The log's own tree and those before it. */
  readonly trees: readonly LogTree[];
};

/** Throws NOT_FOUND when the key of the database's log is on another machine, INPUT_INVALID for a key of a wrong kind. */
export async function openLog(options: OpenLogOptions): Promise<OpenedLog> {
  const { storage, clock } = options;
  const keys = new LogKeys(options.dataDir, options.env);
  let trees = await storage.trees();
  if (written(trees) === undefined) {
    await beginLog(trees, keys, options);
    trees = await storage.trees();
  }
  const tree = written(trees);
  if (tree === undefined) throw new ExportError('INTERNAL', 'the transparency log could not be begun');
  const publicKey = parsePublicKey(tree.publicKey);
  const signer = signerOf(await keys.find(publicKey.id));
  await keys.forgetNew();
  const log = new TransparencyLog({ tree, identity: logIdentity(publicKey), signer, storage, clock });
  return { log, trees };
}

function written(trees: readonly LogTree[]): LogTree | undefined {
  return trees.find(({ retiredAt }) => retiredAt === null);
}

/** Of several processes one adds its trees; the others find them. */
async function beginLog(trees: readonly LogTree[], keys: LogKeys, { storage, clock }: OpenLogOptions): Promise<void> {
  const now = formatSeconds(clock.now());
  const key = await keys.forNewLog();
  if (key === undefined) return;
  const others = (await keys.former()).filter(({ publicKey }) => publicKey.id !== key.publicKey.id);
  const unknown = others.filter(({ publicKey }) => trees.every((tree) => tree.publicKey !== publicKey.pem));
  const next = (trees.at(-1)?.number ?? 0) + 1;
  const former = unknown.map((other, index) => treeOf(other, next + index, epoch, now));
  await storage.addTrees([...former, treeOf(key, next + former.length, now, null)]);
}

function treeOf({ publicKey }: SigningKey, number: number, validFrom: string, retiredAt: string | null): LogTree {
  logIdentity(publicKey);
  return { number, publicKey: publicKey.pem, validFrom, retiredAt };
}
