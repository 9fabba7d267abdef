// PostgreSQL killed in the middle of runs and ingests: the run goes on by itself when the database is back, and gives the
// digest that an undisturbed center gives on SQLite.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { writeFile } from 'node:fs/promises';
import { connectCenter } from '../../src/api/client.ts';
import { ExportError } from '../../src/core/errors.ts';
import type { Center, RunRecord } from '../../src/runs/center.ts';
import { skipWithout } from '../judges.ts';
import { feed, openTestCenter, put, tenant, type EvidenceLine } from '../support/center.ts';
import { startPostgres } from '../support/postgres.ts';
import { startService } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** The database dies so many milliseconds after the run, or the ingest, was asked for. */
const moments = [0, 40, 90, 150, 220, 300, 400];

const changeOf = (round: number): EvidenceLine[] => [
  ...feed('go', 20, 500 + 20 * round),
  put('go', 'GO-2026-0003', { note: `round ${round}` }),
];

async function lineFiles(t: TestContext): Promise<string[]> {
  const folder = await temporaryFolder(t, 'lines');
  const inputs = [feed('go', 300), ...moments.map((_, round) => changeOf(round))];
  return Promise.all(
    inputs.map(async (lines, at) => {
      const file = join(folder, `${at}.jsonl.gz`);
      await writeFile(file, gzipSync(lines.map((line) => `${JSON.stringify(line)}\n`).join('')));
      return file;
    }),
  );
}

/** Asks until the database answers again. */
async function patiently<Result>(ask: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ExportError) || !error.retryable || attempt === 200) throw error;
      await pause(100);
    }
  }
}

async function ended(center: Center, run: string): Promise<RunRecord> {
  for (;;) {
    const record = await patiently(() => center.run(tenant, run));
    if (['succeeded', 'failed', 'cancelled'].includes(record.state)) return record;
    await pause(100);
  }
}

/** A service on a server that can be killed, and a center on SQLite that nothing happens to; both have the first lines. */
async function openPair(t: TestContext, first: string) {
  const calm = await openTestCenter(t);
  const server = await startPostgres(t);
  const service = await startService(t, { env: { DATABASE_URL: server.url } });
  const token = await service.operatorToken();
  const center = connectCenter({ server: service.url, token, samePlace: true, env: {} });
  t.after(() => center.close());
  for (const each of [calm.center, center]) await each.ingest(tenant, { source: 'osv', from: first });
  return { calm, server, center };
}

it('runs finish after PostgreSQL was killed in the middle of them', { skip: skipWithout('postgres') }, async (t) => {
  const [first = '', ...changes] = await lineFiles(t);
  const { calm, server, center } = await openPair(t, first);
  const seen: string[] = [];
  for (const [round, from] of changes.entries()) {
    for (const each of [calm.center, center]) await each.ingest(tenant, { source: 'osv', from });
    const profile = round % 2 === 0 ? 'mirror:delta' : 'mirror:full';
    const { run } = await center.startRun(tenant, { profile });
    await pause(moments[round]);
    await server.kill();
    await server.start();
    seen.push((await patiently(() => center.run(tenant, run))).state);
    const { result, failure } = await ended(center, run);
    assert.ok(result, JSON.stringify(failure));
    assert.equal(result.digest, (await calm.succeed(profile)).digest);
  }
  t.diagnostic(`states after the restart: ${seen.join(' ')}`);
});

it('an ingest that loses PostgreSQL is there wholly or not at all', { skip: skipWithout('postgres') }, async (t) => {
  const [first = '', ...changes] = await lineFiles(t);
  const { calm, server, center } = await openPair(t, first);
  const stateOf = async (each: Center) => (await patiently(() => each.evidenceSources(tenant)))[0]?.stateSha256;
  const outcomes: string[] = [];
  for (const [round, from] of changes.entries()) {
    const before = await stateOf(calm.center);
    await calm.center.ingest(tenant, { source: 'osv', from });
    const asked = center.ingest(tenant, { source: 'osv', from }).then(
      () => 'acknowledged',
      (error: unknown) => (error instanceof ExportError ? error.code : String(error)),
    );
    await pause((moments[round] ?? 0) / 5);
    await server.kill();
    await server.start();
    const outcome = await asked;
    outcomes.push(outcome);
    assert.ok(['acknowledged', 'DATABASE_UNAVAILABLE'].includes(outcome), outcome);
    const after = await stateOf(center);
    const allowed = outcome === 'acknowledged' ? [] : [before];
    assert.ok([...allowed, await stateOf(calm.center)].includes(after));
    await center.ingest(tenant, { source: 'osv', from });
    assert.equal(await stateOf(center), await stateOf(calm.center));
  }
  t.diagnostic(outcomes.join(' '));
});
