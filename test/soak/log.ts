// `npm run soak -- log`: processes that write to one log at once and are killed by SIGKILL again and again. Every entry
// that was handed out must be in the tree, at its index, under proofs that another program checks.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { DatabaseLocation } from '../../src/db/open-database.ts';
import type { LoggedEntry } from '../../src/trust/log/logged-entry.ts';
import { buildLogJudge, claimsOf, type Claim } from '../trust/log/log-judge.ts';
import { openTestLog, type TestLog } from '../trust/log/test-log.ts';
import type { Scope } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { withScope } from '../support/with-scope.ts';
import { randomFrom, type Random } from './support-mutate.ts';

export type LogFigures = {
  readonly handedOut: number;
  readonly size: number;
  readonly kills: number;
  readonly claims: number;
  readonly perSecond: number;
  readonly seed: number;
};

export type LogLoad = {
  /** Entries to be handed out at least. */
  readonly entries: number;
  readonly writers: number;
  /** Kills at least; a writer that was killed is started again. */
  readonly kills: number;
  readonly seed: number;
  /** SQLite in a folder of its own by default. */
  readonly location?: DatabaseLocation;
};

/** Throws an AssertionError, or what the judge says, when something that was handed out does not hold. */
export async function writeAndKill(scope: Scope, load: LogLoad): Promise<LogFigures> {
  const dataDir = await temporaryFolder(scope, 'log');
  const location = load.location ?? { file: join(dataDir, 'center.db') };
  const judge = await buildLogJudge(await temporaryFolder(scope, 'judge'));
  if (typeof judge === 'string') throw new Error(judge);
  const world = new Writers(dataDir, location, load);
  const begunMs = performance.now();
  await world.run();
  const seconds = (performance.now() - begunMs) / 1000;
  const log = await openTestLog(scope, { dataDir, location });
  const { size, claims } = await claimsOfLog(log, world.handedOut);
  await judge.check(claims);
  const perSecond = Math.round(world.handedOut.length / seconds);
  const { length: handedOut } = world.handedOut;
  return { handedOut, size, kills: world.kills, claims: claims.length, perSecond, seed: load.seed };
}

class Writers {
  readonly handedOut: LoggedEntry[] = [];
  kills = 0;
  readonly #dataDir: string;
  readonly #location: string;
  readonly #load: LogLoad;
  readonly #random: Random;

  constructor(dataDir: string, location: DatabaseLocation, load: LogLoad) {
    this.#dataDir = dataDir;
    this.#location = JSON.stringify(location);
    this.#load = load;
    this.#random = randomFrom(load.seed);
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: this.#load.writers }, (_, number) => this.#writer(number)));
  }

  /** One writer after the other, each killed after some entries, until there are enough entries and kills. */
  async #writer(number: number): Promise<void> {
    const { entries, kills, writers } = this.#load;
    const share = Math.ceil(entries / Math.max(writers, kills));
    for (let life = 0; this.handedOut.length < entries || this.kills < kills; life++) {
      await this.#life(`writer ${number} life ${life}`, 1 + this.#random.below(2 * share));
    }
  }

  async #life(name: string, killAfter: number): Promise<void> {
    const program = join(import.meta.dirname, '..', 'trust', 'log', 'log-writer.ts');
    const args = [program, this.#dataDir, this.#location, name, '1000000'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let lines = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      this.handedOut.push(parse(line));
      lines += 1;
      if (lines === killAfter) child.kill('SIGKILL');
    }
    assert.ok(lines >= killAfter, `${name} ended by itself after ${lines} entries`);
    this.kills += 1;
  }
}

/** What was handed out, against the tree as it is now. */
async function claimsOfLog(
  { log }: TestLog,
  handedOut: readonly LoggedEntry[],
): Promise<{ size: number; claims: Claim[] }> {
  const head = await log.head();
  const { size } = head;
  const key = log.identity.publicKey.pem;
  const claims: Claim[] = [{ Kind: 'checkpoint', Note: head.checkpoint, Size: size, Root: head.root, Key: key }];
  for (const entry of handedOut) {
    claims.push(...claimsOf(entry, key));
    const { root, path } = await log.consistency(entry.proof.size, size);
    assert.deepEqual(root, head.root);
    claims.push({
      Kind: 'consistency',
      From: entry.proof.size,
      FromRoot: entry.proof.root,
      Size: size,
      Root: root,
      Path: path,
    });
  }
  assert.equal(new Set(handedOut.map(({ index }) => index)).size, handedOut.length, 'no index was given twice');
  const known = new Map(handedOut.map((entry) => [entry.index, entry]));
  for (let index = 0; index < size; index++) {
    const stored = await log.entryAt(index);
    assert.ok(stored, `the tree has no entry ${index}`);
    const entry = known.get(index);
    if (entry) assert.deepEqual(stored.body, entry.body);
    claims.push({
      Kind: 'inclusion',
      Body: stored.body,
      Index: index,
      Size: size,
      Root: head.root,
      Path: stored.proof.path,
    });
  }
  assert.equal(await log.entryAt(size), undefined);
  return { size, claims };
}

function parse(line: string): LoggedEntry {
  const { body, timestamp, proof, ...rest } = JSON.parse(line) as Record<string, never> & {
    proof: { root: string; path: string[] };
  };
  const bytes = (text: string): Buffer => Buffer.from(text, 'base64');
  return {
    ...rest,
    body: bytes(body ?? ''),
    timestamp: bytes(timestamp ?? ''),
    proof: { ...proof, root: bytes(proof.root), path: proof.path.map(bytes) },
  } as unknown as LoggedEntry;
}

/** `argv`: entries (default 10,000), writers (default 8), seed (default by the clock). */
export async function run([
  entries = '10000',
  writers = '8',
  seed = String(Date.now() % 2 ** 31),
]: readonly string[]): Promise<void> {
  const load = { entries: Number(entries), writers: Number(writers), kills: 40, seed: Number(seed) };
  await withScope(async (scope) => console.log(JSON.stringify(await writeAndKill(scope, load))));
}
