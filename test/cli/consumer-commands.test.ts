// mirror, extract and verify on a made-up consumer: what they hand over, print, and how they end.

import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { describe, test } from 'node:test';
import { runCli } from '../../src/cli.ts';
import type { Consumer } from '../../src/consumer/types.ts';
import { digestOf } from '../../src/core/digest.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { fakeHost, runOn } from './fake-host.ts';

const digest = digestOf('x');

function fakeConsumer(ok = true) {
  const asked: unknown[][] = [];
  const note = (...call: unknown[]): void => void asked.push(JSON.parse(JSON.stringify(call)) as unknown[]);
  const consumer: Consumer = {
    async mirrorPull({ signal: _, onProgress, ...options }) {
      note('pull', options);
      onProgress?.({ label: 'fetching', done: 5, total: 10 });
      const sizes = { bytesTotal: 10, bytesFetched: 5, blobsFetched: 1, shardsDerived: 2 };
      return { digest, setRoot: null, records: null, ...sizes, verified: ['digests'] };
    },
    async *mirrorRecords(source) {
      note('records', source);
      yield Buffer.from('{"c":"a"}\n');
      yield Buffer.from('{"c":"b"}\n');
    },
    async *mirrorChanges(source) {
      note('changes', source);
      yield Buffer.from('{"op":"del"}\n');
    },
    async mirrorPush(dir, destination, { token, server }) {
      note('push', dir, destination, { token, server });
      return { digest, tags: ['latest'], bytesPushed: 10, blobsPushed: 1 };
    },
    async mirrorDoctor(dir) {
      note('doctor', dir);
      return { ok, checked: 3, damaged: [{ digest, reason: 'short', repaired: ok }] };
    },
    async materializeTrivyCache(dir, cache) {
      note('materialize', dir, cache);
      const times = { updatedAt: '2026-07-01T00:00:00Z', nextUpdate: '2026-07-02T00:00:00Z' };
      return { digest, path: `${cache}/db`, ...times };
    },
    async extract(source, out) {
      note('extract', source, out);
      return { documents: 2, bytes: 20 };
    },
    async verify(source, { key, threshold }) {
      note('verify', source, key, threshold);
      const signature = { name: 'signature', ok: false as const, reason: ok ? 'not checked: no key' : 'wrong key' };
      const failed = ok ? [] : ['signature'];
      return { ok, failed, checks: [{ name: 'blobs', ok: true, evidence: '3 blobs' }, signature] };
    },
    async verifyFile(path, { key, bundles }) {
      note('verifyFile', path, key, bundles);
      return { ok, failed: [], checks: [{ name: 'file', ok: true, evidence: path }] };
    },
  };
  return { asked, loadConsumer: () => Promise.resolve(consumer) };
}

describe('mirror', () => {
  test('pull hands over reference, folder and key, and prints what was fetched', async (t) => {
    const folder = await temporaryFolder(t, 'cli');
    await writeFile(`${folder}/k.pub`, 'PEM');
    const { asked, loadConsumer } = fakeConsumer();
    const args = ['mirror', 'pull', 'h/r:t', 'm', '--key', `${folder}/k.pub`, '--signature-only', '--offline'];
    const { code, out, err } = await runOn(args, { loadConsumer });
    assert.equal(code, 0);
    const want = { offline: true, key: 'PEM', signatureOnly: true, reference: 'h/r:t', dir: '/work/m' };
    assert.deepEqual(asked, [['pull', want]]);
    assert.equal(err, 'fetching  50 %  of 10 B\n');
    assert.match(out, /^fetched +5 B in 1 blobs$/m);
    assert.doesNotMatch(out, /records|set root/);
    const { out: text } = await runOn(['mirror', 'pull', 'h/r:t', 'm', '--json'], { loadConsumer });
    assert.equal((JSON.parse(text) as { shardsDerived: number }).shardsDerived, 2);
  });

  test('a key file that is not there ends before anything is fetched', async () => {
    const { asked, loadConsumer } = fakeConsumer();
    assert.equal((await runOn(['mirror', 'pull', 'h/r', 'm', '--key', '/none.pub'], { loadConsumer })).code, 5);
    assert.deepEqual(asked, []);
  });

  test('records and changes write lines and nothing else', async () => {
    const { loadConsumer } = fakeConsumer();
    assert.equal((await runOn(['mirror', 'records', 'm'], { loadConsumer })).out, '{"c":"a"}\n{"c":"b"}\n');
    assert.equal((await runOn(['mirror', 'changes', 'm', '--json'], { loadConsumer })).out, '{"op":"del"}\n');
  });

  test('a slow reader makes records wait', async () => {
    let read = 0;
    const { loadConsumer } = fakeConsumer();
    const consumer = await loadConsumer();
    consumer.mirrorRecords = async function* () {
      for (; read < 100; read++) yield Buffer.alloc(1_000);
    };
    const waiting: (() => void)[] = [];
    const stdout = new Writable({ highWaterMark: 2_500, write: (_chunk, _encoding, done) => void waiting.push(done) });
    const ended = runCli(['mirror', 'records', 'm'], { ...fakeHost({ loadConsumer }), stdout });
    while (waiting.length === 0) await new Promise(setImmediate);
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    assert.ok(read <= 3, `${read} pieces were read ahead`);
    const drain = setInterval(() => waiting.shift()?.(), 0);
    assert.equal(await ended, 0);
    clearInterval(drain);
    assert.equal(read, 100);
  });

  test('doctor ends with 3 when something stays damaged', async () => {
    const healed = await runOn(['mirror', 'doctor', 'm'], { loadConsumer: fakeConsumer(true).loadConsumer });
    assert.deepEqual([healed.code, healed.out], [0, `repaired  ${digest}  short\n3 blobs checked, 1 damaged\n`]);
    const hurt = await runOn(['mirror', 'doctor', 'm'], { loadConsumer: fakeConsumer(false).loadConsumer });
    assert.deepEqual([hurt.code, hurt.out.slice(0, 7)], [3, 'damaged']);
  });
});

describe('extract and verify', () => {
  test('extract tells how much it wrote', async () => {
    const { asked, loadConsumer } = fakeConsumer();
    assert.equal((await runOn(['extract', 'm', 'out'], { loadConsumer })).out, '2 documents, 20 B\n');
    assert.deepEqual(asked, [['extract', 'm', '/work/out']]);
  });

  test('verify hands over all keys and how many must vouch', async (t) => {
    const folder = await temporaryFolder(t, 'cli');
    await Promise.all(['a', 'b'].map((name) => writeFile(`${folder}/${name}.pub`, name.toUpperCase())));
    const { asked, loadConsumer } = fakeConsumer();
    const keys = ['--key', `${folder}/a.pub`, '--key', `${folder}/b.pub`, '--threshold', '1'];
    assert.equal((await runOn(['verify', ...keys, 'm'], { loadConsumer })).code, 0);
    await runOn(['verify', 'm'], { loadConsumer });
    assert.deepEqual(asked, [
      ['verify', 'm', ['A', 'B'], 1],
      ['verify', 'm', null, null],
    ]);
  });

  test('verify with a bundle is about a file', async (t) => {
    const folder = await temporaryFolder(t, 'cli');
    await writeFile(`${folder}/k.pub`, 'PEM');
    const { asked, loadConsumer } = fakeConsumer();
    const args = ['verify', 'f', '--bundle', 'a.json', '--bundle', '/b.json', '--key', `${folder}/k.pub`];
    assert.equal((await runOn(args, { loadConsumer })).out, 'ok       file  /work/f\n');
    assert.deepEqual(asked, [['verifyFile', '/work/f', ['PEM'], ['/work/a.json', '/b.json']]]);
  });

  test('verify lists every check and ends with 3 when one fails', async () => {
    const good = await runOn(['verify', 'm'], { loadConsumer: fakeConsumer(true).loadConsumer });
    const skipped = 'skipped  signature  not checked: no key\n';
    assert.deepEqual([good.code, good.out], [0, `ok       blobs  3 blobs\n${skipped}`]);
    const bad = await runOn(['verify', 'm'], { loadConsumer: fakeConsumer(false).loadConsumer });
    assert.deepEqual(
      [bad.code, bad.out],
      [3, `ok       blobs  3 blobs\nFAILED   signature  wrong key\nverification failed: signature\n`],
    );
    const json = await runOn(['verify', 'm', '--json'], { loadConsumer: fakeConsumer(false).loadConsumer });
    assert.equal(json.code, 3);
    assert.equal((JSON.parse(json.out) as { ok: boolean }).ok, false);
  });
});

describe('the token that the consumer gets', () => {
  const push = async (env: { [name: string]: string }, ...options: string[]) => {
    const { asked, loadConsumer } = fakeConsumer();
    const args = ['mirror', 'push', 'm', 'exports.example:8443/a/b', ...options];
    const { code } = await runOn(args, { env: { HOME: '/nonexistent', ...env }, loadConsumer });
    return { code, network: asked[0]?.[3] };
  };

  test('the one of the environment, with the server that it is for', async () => {
    const env = { EXPORT_CENTER_TOKEN: 't' };
    assert.deepEqual((await push(env)).network, { token: 't' });
    const { network } = await push(env, '--server', 'https://other.example/');
    assert.deepEqual(network, { token: 't', server: 'https://other.example' });
  });

  test('the one that login stored, for its own host alone', async (t) => {
    const folder = await temporaryFolder(t, 'cli');
    const env = { XDG_CONFIG_HOME: folder };
    const servers = { 'https://exports.example:8443': { token: 's' }, 'https://other.example': { token: 'o' } };
    await mkdir(`${folder}/export-center`);
    await writeFile(`${folder}/export-center/logins.json`, JSON.stringify({ servers }), { mode: 0o600 });
    assert.deepEqual((await push(env)).network, { token: 's', server: 'https://exports.example:8443' });
    const { asked, loadConsumer } = fakeConsumer();
    await runOn(['mirror', 'push', 'm', 'elsewhere.example/a'], { env: { HOME: '/', ...env }, loadConsumer });
    assert.deepEqual(asked[0]?.[3], {});
  });

  test('none, when others could read the file', async (t) => {
    const folder = await temporaryFolder(t, 'cli');
    await mkdir(`${folder}/export-center`);
    await writeFile(`${folder}/export-center/logins.json`, '{"servers":{}}');
    await chmod(`${folder}/export-center/logins.json`, 0o644);
    assert.equal((await push({ XDG_CONFIG_HOME: folder })).code, 6);
  });
});
