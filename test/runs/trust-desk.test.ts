// What signatures rest on: the log unless it is turned off, and the operator's trusted root beside ours.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../src/core/clock.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { openTrustDesk, type TrustDesk } from '../../src/runs/trust-desk.ts';
import { generateSigningKey } from '../../src/trust/signing-key.ts';
import { trustedLogJson, trustedRootJson } from '../../src/trust/trusted-root.ts';
import { atEnd } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

type Open = (env?: Record<string, string>, signs?: boolean) => Promise<TrustDesk>;

const noPost = (): Promise<never> => Promise.reject(new Error('nobody is asked'));

async function desks(t: TestContext): Promise<{ folder: string; open: Open }> {
  const folder = await temporaryFolder(t, 'trust');
  const db = await openDatabase({ file: join(folder, 'center.db') }, systemClock);
  atEnd(t, () => db.close());
  const open: Open = (env = {}, signs = true) =>
    openTrustDesk({ db, dataDir: folder, clock: systemClock, env, signs, post: noPost });
  return { folder, open };
}

function logsOf({ files }: TrustDesk): object[] {
  return (JSON.parse(files['trusted_root.json']) as { tlogs?: object[] }).tlogs ?? [];
}

describe('the trust desk', () => {
  it('begins the log once, and gives the same files each time', async (t) => {
    const { open } = await desks(t);
    const [first, second] = [await open(), await open()];
    assert.deepEqual(second.files, first.files);
    assert.equal(logsOf(first).length, 1);
    assert.equal(first.files['rekor.pub'], first.log?.identity.publicKey.pem);
  });

  it('has no log where it is off or nothing is signed, and trusts on what was entered before', async (t) => {
    const { open } = await desks(t);
    const off = { EXPORT_CENTER_TRANSPARENCY_LOG: 'off' };
    for (const desk of [await open(off), await open({}, false)]) {
      assert.deepEqual([desk.log, desk.policy.witnesses, logsOf(desk)], [undefined, [], []]);
    }
    const on = await open();
    const after = await open(off);
    assert.deepEqual(logsOf(after), logsOf(on));
    assert.deepEqual(after.policy.witnesses, []);
    await assert.rejects(open({ EXPORT_CENTER_TRANSPARENCY_LOG: 'no' }), { code: 'USAGE' });
  });

  it("puts the operator's trusted root beside ours, or names what is wrong with it", async (t) => {
    const { folder, open } = await desks(t);
    const file = join(folder, 'public.json');
    const env = { EXPORT_CENTER_TRUSTED_ROOT: file };
    await assert.rejects(open(env), { code: 'INPUT_INVALID', message: /public\.json, which cannot be read/ });
    await writeFile(file, '{}');
    await assert.rejects(open(env), { code: 'INPUT_INVALID', message: /public\.json is not a Sigstore trusted root/ });
    const { pem } = generateSigningKey().publicKey;
    const theirs = trustedLogJson(pem, { start: '2021-01-12T11:53:27Z' }, 'https://rekor.sigstore.dev');
    await writeFile(file, trustedRootJson({ tlogs: [theirs], ctlogs: [theirs] }));
    const [ours, merged] = [await open(), await open(env)];
    assert.deepEqual(logsOf(merged), [...logsOf(ours), theirs]);
    assert.equal(merged.files['rekor.pub'], ours.files['rekor.pub']);
  });
});
