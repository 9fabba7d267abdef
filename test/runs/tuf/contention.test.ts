// Processes that publish in one TUF repository at the same time, on SQLite and on PostgreSQL, and are killed by SIGKILL
// again and again: no version is issued twice, none is lost, and clients see a whole repository at every moment.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createInterface } from 'node:readline';
import { findTufTarget } from '../../../src/consumer/tuf-target.ts';
import type { TargetsSigned } from '../../../src/trust/tuf/types.ts';
import { skipWithout } from '../../judges.ts';
import { feed } from '../../support/center.ts';
import { startPostgres } from '../../support/postgres.ts';
import { childEnvironment } from '../../support/run-program.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { openTufWorld, type TufWorld } from '../../support/tuf-world.ts';
import { presentVictims } from '../../trust/tuf/victims.ts';

const publishers = 3;
const publications = 24;
const kills = 6;

describe('publishers that contend and die', () => {
  it('lose nothing and issue no version twice on SQLite', (t) => contend(t));

  it('lose nothing and issue no version twice on PostgreSQL', { skip: skipWithout('postgres') }, async (t) => {
    const server = await startPostgres(t);
    await contend(t, await server.createDatabase('contention'));
  });
});

async function contend(t: TestContext, databaseUrl?: string): Promise<void> {
  const data = await temporaryFolder(t, 'contention');
  const world = await openTufWorld(t, { data, ...(databaseUrl === undefined ? {} : { databaseUrl }) });
  await world.ingest(feed('osv', 2));
  const { digest } = await world.succeed('mirror:full');
  const first = (await world.center.tuf.show('default')).publication;
  const url = `${world.url}/tuf/default`;
  const root = await world.firstRoot('default');
  const sessions = await Promise.all(
    presentVictims()
      .filter(({ name }) => name !== 'cosign')
      .map(async (victim) => victim.open(t, await temporaryFolder(t, 'victim'), url, root)),
  );
  const manifest = await (await world.center.registryStorage()).repository('default/mirror').manifest(digest);
  const wholeForAll = async (): Promise<void> => {
    for (const session of sessions)
      assert.deepEqual(await session.look('mirror/latest'), { text: String(manifest?.bytes) });
  };
  await wholeForAll();

  const contest = new Contest(data, databaseUrl);
  const over = contest.run();
  const memory = await temporaryFolder(t, 'memory');
  let refreshes = 0;
  for (let isOver = false; !isOver; refreshes++) {
    const found = await findTufTarget('mirror/latest', { from: url, root, memory });
    assert.equal(found.digest, digest);
    isOver = await Promise.race([over.then(() => true), new Promise<false>((resolve) => setImmediate(resolve, false))]);
  }
  await over;
  t.diagnostic(`${contest.published.length} publications, ${contest.kills} kills, ${refreshes} refreshes`);

  await assertHistory(world, contest.published);
  await wholeForAll();
  const { publication } = await world.center.tuf.show('default');
  assert.ok(publication >= first + contest.published.length, 'each publication has a timestamp of its own');
  const oci = (await world.center.registryStorage()).repository('default/tuf');
  assert.deepEqual(await oci.resolve('latest'), await oci.resolve(`t-${publication}`));
}

class Contest {
  readonly published: TargetsSigned[] = [];
  kills = 0;
  readonly #args: readonly string[];

  constructor(data: string, databaseUrl = '') {
    this.#args = [join(import.meta.dirname, 'publisher.ts'), data, databaseUrl];
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: publishers }, (_, number) => this.#lives(number)));
  }

  async #lives(number: number): Promise<void> {
    for (let life = 0; this.published.length < publications || this.kills < kills; life++) {
      await this.#life(1 + ((3 * number + 5 * life) % 7), (37 * number + 53 * life) % 90);
    }
  }

  /** Killed some milliseconds after it has achieved something so many times. */
  async #life(achievements: number, thenMs: number): Promise<void> {
    const stdio = ['ignore', 'pipe', 'inherit'] as const;
    const child = spawn(process.execPath, this.#args, { stdio: [...stdio], env: childEnvironment() });
    let lines = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      this.published.push(JSON.parse(line) as TargetsSigned);
      if (++lines === achievements) setTimeout(() => child.kill('SIGKILL'), thenMs);
    }
    assert.ok(lines >= achievements, `a publisher ended by itself after ${lines} publications`);
    this.kills += 1;
  }
}

/** Every version that there ever was is served, whole, and what was achieved is what is served. */
async function assertHistory(world: TufWorld, published: readonly TargetsSigned[]): Promise<void> {
  const byVersion = new Map(published.map((signed) => [signed.version, signed]));
  assert.equal(byVersion.size, published.length, 'no version was issued twice');
  const { roles } = await world.center.tuf.show('default');
  const newest = roles.find(({ role }) => role === 'targets')?.version ?? 0;
  assert.ok(newest >= Math.max(...byVersion.keys()));
  for (let version = 1; version <= newest; version++) {
    const answer = await fetch(`${world.url}/tuf/default/${version}.targets.json`);
    assert.equal(answer.status, 200, `${version}.targets.json`);
    const { signed } = (await answer.json()) as { signed: TargetsSigned };
    assert.deepEqual(signed, byVersion.get(version) ?? { ...signed, version });
  }
}
