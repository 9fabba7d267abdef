// Ingests that die or lose their database in the middle: nothing half is visible, and the next one is right.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { systemClock } from '../../src/core/clock.ts';
import { evidenceStore } from '../../src/db/evidence.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { emptyPostgres, onEachEngine } from '../db/engines.ts';
import { judgeOrSkip } from '../judges.ts';
import { runProgram } from '../support/run-program.ts';
import { atEnd } from '../support/scope.ts';
import { jsonl, osv, testStore } from './store.ts';

const source = new URL('../../src/', import.meta.url);

const lines = Array.from({ length: 400 }, (_, i) => ({ path: `${i}.json`, text: osv(`A-${i}`) }));

onEachEngine('an ingest that is killed leaves nothing, and the next one is whole', async (t, engine) => {
  const db = await engine.open();
  const { ingest, file, store } = await testStore(t, db);
  await ingest(await file('0.jsonl', jsonl([{ path: 'old.json', text: osv('O') }])));
  const input = await file('1.jsonl', jsonl(lines));
  for (const batches of [1, 5, 20]) {
    // Stops for good after some batches, as a process does that is killed; then it is.
    const script = `
      import { openDatabase } from ${JSON.stringify(new URL('db/open-database.ts', source).href)};
      import { evidenceStore } from ${JSON.stringify(new URL('db/evidence.ts', source).href)};
      import { ingest } from ${JSON.stringify(new URL('evidence/ingest.ts', source).href)};
      const clock = { now: () => new Date() };
      const db = await openDatabase(${JSON.stringify(engine.location)}, clock);
      let batches = 0;
      const onProgress = () => {
        if (++batches < ${batches}) return;
        process.stdout.write('now');
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      };
      const store = evidenceStore(db, 'default', clock);
      const batch = { documents: 20, bytes: 1 << 20 };
      await ingest(store, { source: 'feed', from: ${JSON.stringify(input)}, sync: true }, { clock, onProgress, batch });
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.deepEqual([await store.sequence(), (await store.sources())[0]?.documents], [1, 1]);
  }
  const result = await ingest(input);
  assert.deepEqual([result.added, result.sequence, (await store.sources())[0]?.documents], [400, 2, 401]);
  const left = async (): Promise<unknown> => (await db.query('select count(*) as n from staged'))[0];
  assert.notDeepEqual({ ...((await left()) as object) }, { n: 0 });
  // An hour later the crashed ones have been silent for long enough.
  const later = { now: () => new Date(Date.now() + 3_600_000) };
  await (await evidenceStore(db, 'default', later).begin('feed', 'x')).drop();
  assert.deepEqual({ ...((await left()) as object) }, { n: 0 });
  assert.equal((await store.sources())[0]?.documents, 401);
});

onEachEngine('an ingest that was given up meanwhile is told so at its commit', async (t, engine) => {
  const db = await engine.open();
  const { store } = await testStore(t, db);
  const writer = await store.begin('feed', 'x');
  await writer.stage({ documents: [], removals: [], accepted: [], refusals: [] });
  const later = { now: () => new Date(Date.now() + 3_600_000) };
  await (await evidenceStore(db, 'default', later).begin('other', 'y')).drop();
  await assert.rejects(writer.commit({ complete: false }), { code: 'CONFLICT', retryable: true });
});

onEachEngine('a commit that is asked for twice happens once', async (t, engine) => {
  const { store } = await testStore(t, await engine.open());
  const writer = await store.begin('feed', 'x');
  const raw = { text: 'x', digest: '1'.repeat(64), size: 1 };
  const document = { c: 'osv/feed', path: 'a', raw, records: [{ k: 'a', ...raw }], id: 'A', ecosystems: [], stamp: '' };
  await writer.stage({ documents: [document], removals: [], accepted: [], refusals: [] });
  assert.equal(await writer.commit({ complete: false }), 1);
  assert.equal(await writer.commit({ complete: false }), 1);
  assert.equal(await store.sequence(), 1);
});

test('an ingest goes on when the server ends its connections', async (t) => {
  if (judgeOrSkip(t, 'postgres') === undefined) return;
  const url = await emptyPostgres();
  const db = await openDatabase({ url }, systemClock);
  atEnd(t, () => db.close());
  const { file, store } = await testStore(t, db);
  const input = await file('x.jsonl', jsonl(lines));
  // In a process of its own, because the driver throws past every promise, which the guard is for.
  const script = `
    import postgres from 'postgres';
    import { openPostgres } from ${JSON.stringify(new URL('db/postgres.ts', source).href)};
    import { installConnectionGuard } from ${JSON.stringify(new URL('db/postgres-guard.ts', source).href)};
    import { evidenceStore } from ${JSON.stringify(new URL('db/evidence.ts', source).href)};
    import { ingest } from ${JSON.stringify(new URL('evidence/ingest.ts', source).href)};
    installConnectionGuard({ onFatal: (error) => { console.error(error); process.exit(1); } });
    const clock = { now: () => new Date() };
    const db = openPostgres(${JSON.stringify(url)}, { connections: 2 });
    const killer = postgres(${JSON.stringify(url)}, { max: 1 });
    let kills = 0;
    let ending = Promise.resolve();
    const endConnections = async () => {
      const ended = await killer\`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and application_name = 'export-center'\`;
      kills += ended.length;
    };
    const onProgress = ({ documents }) => { if (documents % 60 === 0) ending = ending.then(endConnections); };
    const batch = { documents: 20, bytes: 1 << 20 };
    const result = await ingest(evidenceStore(db, 'default', clock), { source: 'feed', from: ${JSON.stringify(input)} },
      { clock, batch, onProgress });
    await ending;
    console.log(JSON.stringify({ kills, added: result.added, sequence: result.sequence }));
    await killer.end();
    await db.close();`;
  const folder = new URL('../../', import.meta.url);
  const child = await runProgram(process.execPath, ['--input-type=module', '-e', script], { cwd: folder.pathname });
  assert.equal(child.code, 0, child.stderr);
  const { kills, ...result } = JSON.parse(child.stdout) as { kills: number };
  assert.ok(kills > 0);
  assert.deepEqual(result, { added: 400, sequence: 1 });
  assert.deepEqual([await store.sequence(), (await store.sources())[0]?.documents], [1, 400]);
});
