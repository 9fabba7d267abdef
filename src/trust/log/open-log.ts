// Opens the log of an installation: one for all its tenants, named by the key that its database knows. A database
// without a log gets one, and one that was restored from a backup gets another. Keys of former logs stay trusted for
// what they signed, but are never written with again: a second tree under one key would be a log that lies.

import { epoch, formatSeconds, type Clock } from '../../core/clock.ts';
import { ExportError } from '../../core/errors.ts';
import type { Environment } from '../environment-key.ts';
import { parsePublicKey } from '../public-key.ts';
import { signerOf, type SigningKey } from '../signing-key.ts';
import { LastHead } from './last-head.ts';
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
  /** True when this call put it in the place of a former one. */
  readonly replaced: boolean;
};

/** Throws NOT_FOUND when the key of the database's log is on another machine, INPUT_INVALID for a key of a wrong kind. */
export async function openLog(options: OpenLogOptions): Promise<OpenedLog> {
  const found = await openWritten(options);
  if (found && (await continuesLastHead(found))) return { ...found, replaced: false };
  if (found) await options.storage.retire(found.tree.number, formatSeconds(options.clock.now()));
  await beginLog(options);
  const begun = await openWritten(options);
  if (begun === undefined) throw new ExportError('INTERNAL', 'the transparency log could not be begun');
  return { ...begun, replaced: begun.trees.length > 1 };
}

type Written = Omit<OpenedLog, 'replaced'> & { readonly tree: LogTree; readonly lastHead: LastHead };

/** The log that the database writes, with its key; undefined when there is none. */
async function openWritten({ dataDir, storage, clock, env }: OpenLogOptions): Promise<Written | undefined> {
  const trees = await storage.trees();
  const tree = trees.find(({ retiredAt }) => retiredAt === null);
  if (tree === undefined) return undefined;
  const identity = logIdentity(parsePublicKey(tree.publicKey));
  const keys = new LogKeys(dataDir, env);
  const signer = signerOf(await keys.find(identity.publicKey.id));
  await keys.forgetNew();
  const lastHead = new LastHead(dataDir, identity);
  return { trees, tree, lastHead, log: new TransparencyLog({ tree, identity, signer, storage, clock, lastHead }) };
}

/** False when the database is not the continuation of what this machine handed out: it was restored from a backup. */
async function continuesLastHead({ log, lastHead }: Written): Promise<boolean> {
  const last = await lastHead.read();
  if (last === undefined) return true;
  const { size } = await log.head();
  return size >= last.size && (await log.consistency(last.size, last.size)).root.equals(last.root);
}

/** Of several processes one adds its trees; the others find them. */
async function beginLog({ dataDir, storage, clock, env }: OpenLogOptions): Promise<void> {
  const now = formatSeconds(clock.now());
  const keys = new LogKeys(dataDir, env);
  const trees = await storage.trees();
  const key = await keys.forNewLog();
  if (key === undefined || trees.some(({ retiredAt }) => retiredAt === null)) return;
  if (trees.some(({ publicKey }) => publicKey === key.publicKey.pem)) {
    throw new ExportError('CONFLICT', 'the key in EXPORT_CENTER_LOG_KEY is that of a former transparency log', {
      hint: 'the database was restored, so the log begins anew: give a new ECDSA P-256 key',
    });
  }
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
