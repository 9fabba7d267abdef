// The log over both databases: one index for each signature, whoever writes at once and whoever is killed.

import assert from 'node:assert/strict';
import { copyFile, mkdir, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openDatabase } from '../../../src/db/open-database.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { logStorage } from '../../../src/runs/log-storage.ts';
import { openLog } from '../../../src/trust/log/open-log.ts';
import { exportSigningKey, generateSigningKey, importSigningKey } from '../../../src/trust/signing-key.ts';
import { onEachEngine } from '../../db/engines.ts';
import { writeAndKill } from '../../soak/log.ts';
import { judgeOf } from '../../support/go-judge.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { buildLogJudge, claimsOf, type Claim } from './log-judge.ts';
import { signedContent } from './signed-content.ts';
import { openTestLog } from './test-log.ts';

onEachEngine('every signature gets the next index and a proof that other programs accept', async (t, { location }) => {
  const { log } = await openTestLog(t, { location });
  const key = log.identity.publicKey.pem;
  const claims: Claim[] = [];
  for (let number = 0; number < 20; number++) {
    const entry = await log.append(await signedContent(`artifact ${number}`));
    assert.equal(entry.index, number);
    claims.push(...claimsOf(entry, key));
    const found = await log.entryAt(number >> 1);
    assert.ok(found);
    assert.equal(found.proof.size, number + 1);
    claims.push(...claimsOf(found, key));
  }
  const judge = judgeOf(t, await buildLogJudge(await temporaryFolder(t)));
  await judge?.check(claims);
});

onEachEngine('a signature that is handed in again is the entry that it was', async (t, { location }) => {
  const { log } = await openTestLog(t, { location });
  const content = await signedContent('artifact');
  const first = await log.append(content);
  await log.append(await signedContent('another'));
  const again = await Promise.all([log.append(content), log.append(content)]);
  for (const { index, integratedTime, proof } of again) {
    assert.deepEqual([index, integratedTime, proof.size], [first.index, first.integratedTime, 1]);
  }
  assert.equal((await log.head()).size, 2);
});

onEachEngine('writers at once leave no gap', async (t, { location }) => {
  const dataDir = await temporaryFolder(t, 'log');
  const logs = await Promise.all([1, 2, 3].map(() => openTestLog(t, { dataDir, location })));
  assert.equal(new Set(logs.map(({ log }) => log.identity.logId)).size, 1, 'they agree on one log');
  const contents = await Promise.all(Array.from({ length: 45 }, (_, number) => signedContent(String(number))));
  const entries = await Promise.all(contents.map(async (content, number) => logs[number % 3]?.log.append(content)));
  const indices = entries.map((entry) => entry?.index).sort((a = 0, b = 0) => a - b);
  assert.deepEqual(
    indices,
    contents.map((_, number) => number),
  );
});

onEachEngine('time goes on in the log, even when the clock goes back', async (t, { location }) => {
  let now = new Date('2026-11-28T12:00:00Z');
  const { log } = await openTestLog(t, { location, clock: { now: () => now } });
  const first = await log.append(await signedContent('noon'));
  now = new Date('2026-11-28T11:00:00Z');
  const second = await log.append(await signedContent('eleven'));
  assert.equal(first.integratedTime, Date.UTC(2026, 10, 28, 12) / 1000);
  assert.equal(second.integratedTime, first.integratedTime);
});

onEachEngine('writers that are killed lose nothing that they handed out', async (t, { location }) => {
  if (judgeOf(t, await buildLogJudge(await temporaryFolder(t))) === undefined) return;
  const figures = await writeAndKill(t, { entries: 90, writers: 3, kills: 3, seed: 20_261_128, location });
  t.diagnostic(JSON.stringify(figures));
  assert.ok(figures.size >= figures.handedOut && figures.handedOut >= 90);
});

describe("the log's key", () => {
  it('is readable by its owner alone, and survives a crash before it had its name', async (t) => {
    const dataDir = await temporaryFolder(t, 'log');
    const first = await openTestLog(t, { dataDir });
    const folder = join(dataDir, 'trust', 'log');
    const [name = '', ...others] = await readdir(folder);
    assert.deepEqual(others, [], 'nothing was signed yet');
    assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600);
    await rename(join(folder, name), join(folder, 'new.pem'));
    const again = await openTestLog(t, { dataDir });
    assert.equal(again.log.identity.logId, first.log.identity.logId);
    assert.deepEqual(await readdir(folder), [name]);
  });

  it('is asked for on a machine that does not have it', async (t) => {
    const [home, other] = [await temporaryFolder(t, 'home'), await temporaryFolder(t, 'other')];
    const location = { file: join(home, 'center.db') };
    const { log } = await openTestLog(t, { dataDir: home, location });
    const [name = ''] = await readdir(join(home, 'trust', 'log'));
    await assert.rejects(openTestLog(t, { dataDir: other, location }), {
      code: 'NOT_FOUND',
      message: /not on this machine/,
    });
    await mkdir(join(other, 'trust', 'log'), { recursive: true });
    await copyFile(join(home, 'trust', 'log', name), join(other, 'trust', 'log', name));
    assert.equal((await openTestLog(t, { dataDir: other, location })).log.identity.logId, log.identity.logId);
  });

  it('is not used again after its database was lost, and stays trusted for what it signed', async (t) => {
    const dataDir = await temporaryFolder(t, 'log');
    const before = await openTestLog(t, { dataDir });
    const content = await signedContent('before');
    const testimony = await before.policy.witnesses[0]?.testify(content);
    const after = await openTestLog(t, { dataDir, location: { file: join(dataDir, 'fresh.db') } });
    assert.notEqual(after.log.identity.logId, before.log.identity.logId);
    assert.deepEqual(
      after.trusted.map(({ logId }) => logId),
      [before, after].map(({ log }) => log.identity.logId),
    );
    assert.ok(after.policy.witnesses[0]?.recognises(content, testimony ?? {}));
    const anew = await after.policy.witnesses[0]?.testify(content);
    assert.ok(!before.policy.witnesses[0]?.recognises(content, anew ?? {}));
  });

  it('is not used again after its database was restored from a backup', async (t) => {
    const dataDir = await temporaryFolder(t, 'log');
    const [live, backup] = [join(dataDir, 'live.db'), join(dataDir, 'backup.db')];
    const before = await openTestLog(t, { dataDir, location: { file: live } });
    await before.log.append(await signedContent('saved'));
    await before.db.query(`vacuum into '${backup}'`);
    const content = await signedContent('after the backup');
    const testimony = (await before.policy.witnesses[0]?.testify(content)) ?? {};
    const again = await openTestLog(t, { dataDir, location: { file: live } });
    assert.deepEqual([again.replaced, again.log.identity.logId], [false, before.log.identity.logId]);

    const restored = await openTestLog(t, { dataDir, location: { file: backup } });
    assert.ok(restored.replaced);
    assert.notEqual(restored.log.identity.logId, before.log.identity.logId);
    assert.ok(restored.policy.witnesses[0]?.recognises(content, testimony), 'what was handed out stays good');
    assert.equal((await restored.log.append(content)).index, 0);
    assert.equal((await openTestLog(t, { dataDir, location: { file: backup } })).replaced, false);
  });

  it('may come from the environment, and must be ECDSA P-256', async (t) => {
    const dataDir = await temporaryFolder(t, 'log');
    const key = generateSigningKey();
    const open = async (file: string, pem: string) => {
      const db = await openDatabase({ file: join(dataDir, file) }, systemClock);
      try {
        return await openLog({
          dataDir,
          storage: logStorage(db),
          clock: systemClock,
          env: { EXPORT_CENTER_LOG_KEY: pem },
        });
      } finally {
        await db.close();
      }
    };
    assert.equal((await open('a.db', exportSigningKey(key))).log.identity.publicKey.id, key.publicKey.id);
    const ed25519 = await importSigningKey(ed25519Pem);
    await assert.rejects(open('b.db', exportSigningKey(ed25519)), { code: 'INPUT_INVALID', message: /ed25519/ });
    await assert.rejects(open('c.db', '/nowhere.pem'), (error: Error) => !error.message.includes('/nowhere.pem'));
  });
});

/** The private key of RFC 8410 §10.3. */
const ed25519Pem = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
`;
