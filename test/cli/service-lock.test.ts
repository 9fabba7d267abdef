// One service for each folder, and how others find it.

import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { describe, test, type TestContext } from 'node:test';
import { liveService, lockFolder } from '../../src/cli/service-lock.ts';
import { serviceAddress } from '../../src/cli/service-address.ts';
import { startProgram } from '../support/start-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const file = { address: 'http://127.0.0.1:1', pid: 1, startedAt: '2026-01-01T00:00:00.000Z' };

/** Another process that holds the folder and has announced itself. */
async function holder(t: TestContext, data: string) {
  const module = new URL('../../src/cli/service-lock.ts', import.meta.url).href;
  const script = `
    const { lockFolder } = await import(${JSON.stringify(module)});
    const lock = (globalThis.lock = await lockFolder(${JSON.stringify(data)}));
    await lock.announce(${JSON.stringify(file)});
    console.log('held');
    setInterval(() => {}, 1000);`;
  const args = ['--input-type=module', '-e', script];
  return startProgram(t, process.execPath, args, { ready: /^held$/ });
}

describe('the lock of a data folder', () => {
  test('a service announces itself to its owner alone, and takes the announcement back', async (t) => {
    const data = `${await temporaryFolder(t, 'lock')}/new`;
    const lock = await lockFolder(data);
    assert.equal(liveService(data), undefined, 'held, but not announced yet');
    await lock.announce(file);
    assert.deepEqual(JSON.parse(await readFile(`${data}/service.json`, 'utf8')), file);
    assert.equal((await stat(`${data}/service.json`)).mode & 0o777, 0o600);
    assert.equal((await stat(data)).mode & 0o777, 0o700);
    await lock.release();
    await assert.rejects(readFile(`${data}/service.json`));
    await (await lockFolder(data)).release();
  });

  test('another process sees it and is kept out, with the address in the message', async (t) => {
    const data = await temporaryFolder(t, 'lock');
    await holder(t, data);
    assert.deepEqual(liveService(data), file);
    await assert.rejects(lockFolder(data), {
      code: 'CONFLICT',
      message: `another service holds the folder ${data} (http://127.0.0.1:1, process 1)`,
    });
  });

  test('when it was killed its announcement is stale and its folder free', async (t) => {
    const data = await temporaryFolder(t, 'lock');
    const program = await holder(t, data);
    await program.stop('SIGKILL');
    assert.deepEqual(JSON.parse(await readFile(`${data}/service.json`, 'utf8')), file);
    assert.equal(liveService(data), undefined);
    const lock = await lockFolder(data);
    await lock.release();
  });

  for (const text of ['', '{', '{}', '[]', 'null', '{"address":7}']) {
    test(`an announcement of ${JSON.stringify(text)} says nothing`, async (t) => {
      const data = await temporaryFolder(t, 'lock');
      await writeFile(`${data}/service.json`, text);
      assert.equal(liveService(data), undefined);
    });
  }

  test('looking does not keep a service out', async (t) => {
    const data = await temporaryFolder(t, 'lock');
    await writeFile(`${data}/service.json`, JSON.stringify(file));
    await (await lockFolder(data)).release();
    await writeFile(`${data}/service.json`, JSON.stringify(file));
    for (let i = 0; i < 20; i++) assert.equal(liveService(data), undefined);
    await (await lockFolder(data)).release();
  });
});

describe('the addresses of a service', () => {
  const cases: readonly { host: string; tls: boolean; outer: string; inner: string | undefined }[] = [
    { host: '127.0.0.1', tls: false, outer: 'http://localhost:1', inner: 'http://127.0.0.1:1' },
    { host: 'localhost', tls: false, outer: 'http://localhost:1', inner: 'http://localhost:1' },
    { host: '0.0.0.0', tls: false, outer: 'http://localhost:1', inner: 'http://127.0.0.1:1' },
    { host: '::', tls: false, outer: 'http://localhost:1', inner: 'http://[::1]:1' },
    { host: '::1', tls: false, outer: 'http://localhost:1', inner: 'http://[::1]:1' },
    { host: '10.0.0.1', tls: false, outer: 'http://10.0.0.1:1', inner: undefined },
    { host: 'fd00::1', tls: false, outer: 'http://[fd00::1]:1', inner: undefined },
    { host: '127.0.0.1', tls: true, outer: 'https://localhost:1', inner: undefined },
  ];
  for (const { host, tls, outer, inner } of cases) {
    test(`${host}${tls ? ' with TLS' : ''}`, () => assert.deepEqual(serviceAddress(host, 1, tls), { outer, inner }));
  }
});
