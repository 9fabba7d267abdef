// The folder of keys: made on first use, once, whoever comes first; readable by its owner alone.

import assert from 'node:assert/strict';
import { readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { keyStore } from '../../src/trust/key-store.ts';
import { exportSigningKey, generateSigningKey, signerOf } from '../../src/trust/signing-key.ts';
import { mustRun } from '../support/run-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('the key store', () => {
  it('generates a key on first use and opens the same one afterwards', async (t) => {
    const dir = await temporaryFolder(t);
    assert.deepEqual(await keyStore(dir).list(), []);
    await assert.rejects(keyStore(dir).publicPem(), { code: 'NOT_FOUND' });
    const signer = await keyStore(dir).openSigner();
    assert.equal((await keyStore(dir).openSigner()).publicKeyPem, signer.publicKeyPem);
    assert.equal(await keyStore(dir).publicPem(), signer.publicKeyPem);
    const [only, ...more] = await keyStore(dir).list();
    assert.equal(more.length, 0);
    assert.equal(only?.active, true);
    assert.equal(only.algorithm, 'ecdsa-p256');
  });

  it('keeps private keys for the owner alone', async (t) => {
    const dir = await temporaryFolder(t);
    await keyStore(dir).openSigner();
    const keys = join(dir, 'trust', 'keys');
    assert.equal((await stat(keys)).mode & 0o777, 0o700);
    for (const name of await readdir(keys)) assert.equal((await stat(join(keys, name))).mode & 0o777, 0o600);
  });

  it('gives one key to processes that open it first at the same time', async (t) => {
    const dir = await temporaryFolder(t);
    const module = pathToFileURL(join(import.meta.dirname, '../../src/trust/key-store.ts')).href;
    const script = `
      const { keyStore } = await import(${JSON.stringify(module)});
      const signers = await Promise.all([1, 2, 3].map(() => keyStore(${JSON.stringify(dir)}).openSigner()));
      console.log(JSON.stringify(signers.map((signer) => signer.hint)));`;
    const runs = [1, 2, 3, 4].map(() => mustRun(process.execPath, ['--input-type=module', '-e', script]));
    const hints = (await Promise.all(runs)).flatMap((text) => JSON.parse(text) as string[]);
    assert.equal(hints.length, 12);
    assert.equal(new Set(hints).size, 1);
    assert.equal((await keyStore(dir).list()).length, 1);
    // Neither losers' keys nor temporary files stay behind.
    assert.equal((await readdir(join(dir, 'trust', 'keys'))).length, 2);
  });

  it('makes a generated or imported key the active one and keeps the older public', async (t) => {
    const store = keyStore(await temporaryFolder(t));
    const first = await store.generate();
    const key = generateSigningKey();
    const second = await store.import(exportSigningKey(key));
    assert.equal(second.publicKey, key.publicKey.pem);
    assert.equal((await store.openSigner()).publicKeyPem, key.publicKey.pem);
    assert.equal(await store.publicPem(first.id), first.publicKey);
    const active = (await store.list()).map(({ id, active }) => [id, active] as const);
    assert.deepEqual(Object.fromEntries(active), { [first.id]: false, [second.id]: true });
    await store.import(exportSigningKey(key));
    assert.equal((await store.list()).length, 2);
  });

  it('signs with the key of the environment before those of the folder', async (t) => {
    const dir = await temporaryFolder(t);
    const inFolder = await keyStore(dir).generate();
    const external = generateSigningKey();
    const store = keyStore(dir, { external: signerOf(external) });
    assert.equal((await store.openSigner()).publicKeyPem, external.publicKey.pem);
    assert.equal(await store.publicPem(), external.publicKey.pem);
    assert.equal((await store.list()).find(({ id }) => id === inFolder.id)?.active, false);
    // It is not copied to disk.
    assert.equal((await keyStore(dir).list()).length, 1);
  });

  it('lets the former key co-sign until it is retired, for a stated time, or not at all', async (t) => {
    const dir = await temporaryFolder(t);
    let now = new Date('2026-03-01T00:00:00Z');
    const store = keyStore(dir, { clock: { now: () => now } });
    const signing = async () => (await store.openSigners()).map(({ publicKeyPem }) => publicKeyPem);
    const first = await store.generate();
    const second = await store.generate();
    assert.deepEqual(await signing(), [second.publicKey, first.publicKey]);
    assert.equal((await store.list()).find(({ id }) => id === first.id)?.coSignsUntil, 'retired');
    await store.retire(first.id);
    assert.deepEqual(await signing(), [second.publicKey]);
    const third = await store.generate({ until: new Date('2026-03-31T00:00:00Z') });
    assert.deepEqual(await signing(), [third.publicKey, second.publicKey]);
    now = new Date('2026-03-31T00:00:00Z');
    assert.deepEqual(await signing(), [third.publicKey]);
    const fourth = await store.generate('none');
    assert.deepEqual(await signing(), [fourth.publicKey]);
    // And back, with all of them.
    await store.activate(first.id, 'until-retired');
    await store.coSign(third.id, 'until-retired');
    assert.deepEqual(await signing(), [first.publicKey, fourth.publicKey, third.publicKey]);
  });

  it('retires neither the active key nor one that is not there', async (t) => {
    const store = keyStore(await temporaryFolder(t));
    const { id } = await store.generate();
    await assert.rejects(store.retire(id), { code: 'CONFLICT' });
    await assert.rejects(store.coSign(id, 'until-retired'), { code: 'CONFLICT' });
    for (const unknown of ['0000000000000000', '../active']) {
      await assert.rejects(store.retire(unknown), { code: 'NOT_FOUND' });
      await assert.rejects(store.activate(unknown), { code: 'NOT_FOUND' });
    }
  });

  it('lets a key of the folder co-sign while an external one takes over', async (t) => {
    const dir = await temporaryFolder(t);
    const inFolder = await keyStore(dir).generate();
    const external = generateSigningKey();
    const store = keyStore(dir, { external: signerOf(external) });
    await store.coSign(inFolder.id, 'until-retired');
    const signing = (await store.openSigners()).map(({ publicKeyPem }) => publicKeyPem);
    assert.deepEqual(signing, [external.publicKey.pem, inFolder.publicKey]);
    await store.generate();
    assert.deepEqual((await store.openSigners()).length, 2);
  });

  it('fails on a list of co-signers that it cannot read, instead of signing with fewer keys', async (t) => {
    const dir = await temporaryFolder(t);
    await keyStore(dir).generate();
    await writeFile(join(dir, 'trust', 'keys', 'co-signers'), '0123456789abcdef soon\n');
    await assert.rejects(keyStore(dir).openSigners(), { code: 'INPUT_INVALID', message: /co-signers/ });
  });

  it('never replaces an active key that was lost or exchanged', async (t) => {
    const dir = await temporaryFolder(t);
    const { id } = await keyStore(dir).generate();
    const path = join(dir, 'trust', 'keys', `${id}.pem`);
    const text = await readFile(path, 'utf8');
    await writeFile(path, exportSigningKey(generateSigningKey()));
    await assert.rejects(keyStore(dir).openSigner(), { code: 'INPUT_INVALID', message: /another key/ });
    await rm(path);
    await assert.rejects(keyStore(dir).openSigner(), { code: 'NOT_FOUND' });
    await writeFile(path, text);
    assert.ok(await keyStore(dir).openSigner());
    await writeFile(join(dir, 'trust', 'keys', 'active'), '../../etc/passwd\n');
    await assert.rejects(keyStore(dir).openSigner(), { code: 'NOT_FOUND' });
  });
});
