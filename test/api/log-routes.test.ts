// The log over HTTP, read by the real rekor-cli: its head and how it grows, entries and their proofs, searches.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Hono } from 'hono';
import { addLogRoutes } from '../../src/api/routes/log-routes.ts';
import { startServer } from '../../src/api/server.ts';
import { digestOf } from '../../src/core/digest.ts';
import { silentLog } from '../../src/observe/log.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import { attested } from '../trust/signing.ts';
import { MemoryRepository, pushArtifact } from '../trust/memory-repository.ts';
import { judge, skipWithout } from '../judges.ts';
import { judgeOf } from '../support/go-judge.ts';
import { mustRun, runProgram } from '../support/run-program.ts';
import { atEnd } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { buildLogJudge } from '../trust/log/log-judge.ts';
import { signedContent } from '../trust/log/signed-content.ts';
import { openTestLog, type TestLog } from '../trust/log/test-log.ts';

type World = TestLog & {
  readonly url: string;
  readonly folder: string;
  rekor(...args: string[]): Promise<string>;
  ask(path: string, body?: unknown): Promise<{ readonly status: number; readonly json: never }>;
};

async function openWorld(t: TestContext): Promise<World> {
  const testLog = await openTestLog(t);
  const app = new Hono();
  addLogRoutes(app, testLog.log);
  const [log, metrics] = [silentLog, createMetrics()];
  const registry = { handle: () => Promise.reject(new Error('no registry here')) };
  const server = await startServer({ listen: { host: '127.0.0.1', port: 0 }, registry, api: app, log, metrics });
  atEnd(t, () => server.stop(0));
  const folder = await temporaryFolder(t, 'rekor');
  const url = `${server.url}/log`;
  return {
    ...testLog,
    url,
    folder,
    rekor: (...args) =>
      mustRun(judge('rekor-cli'), [...args, '--rekor_server', url, '--format', 'json'], {
        env: { HOME: folder },
        cwd: folder,
      }),
    ask: async (path, body) => {
      const headers = { 'content-type': 'application/json' };
      const init = body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) };
      const answer = await fetch(`${url}/api/v1/${path}`, init);
      return { status: answer.status, json: (await answer.json()) as never };
    },
  };
}

describe('the log as rekor-cli sees it', { skip: skipWithout('rekor-cli') }, () => {
  it('has a signed head, and each later head is consistent with the one before', async (t) => {
    const world = await openWorld(t);
    for (const count of [1, 2, 4]) {
      for (let number = 0; number < count; number++) await world.log.append(await signedContent(`${count} ${number}`));
      // Keeps what it saw in its home, and checks the proof from there to here.
      const info = JSON.parse(await world.rekor('loginfo')) as Record<string, unknown>;
      const { size, root } = await world.log.head();
      assert.equal(info['ActiveTreeSize'], size);
      assert.equal(info['RootHash'], root.toString('hex'));
    }
    const proof = JSON.parse(await world.rekor('logproof', '--first-size', '3', '--last-size', '7')) as {
      RootHash: string;
      Hashes: string[];
    };
    const [from, to] = await Promise.all([world.log.consistency(3, 3), world.log.head()]);
    const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');
    const judges = judgeOf(t, await buildLogJudge(world.folder));
    const path = proof.Hashes.map(bytes);
    await judges?.check([{ Kind: 'consistency', From: 3, FromRoot: from.root, Size: 7, Root: to.root, Path: path }]);
    assert.equal(proof.RootHash, to.root.toString('hex'));
  });

  it('gives entries by index and by name, which it verifies', async (t) => {
    const world = await openWorld(t);
    const repository = new MemoryRepository();
    const subject = await pushArtifact(repository, 'artifact');
    await attested(repository, subject, undefined, { policy: world.policy });
    for (const [index, kind] of ['DSSEObj', 'DSSEObj', 'HashedRekordObj'].entries()) {
      const byIndex = JSON.parse(await world.rekor('get', '--log-index', String(index))) as Record<string, unknown>;
      assert.ok(Object.keys(byIndex['Body'] as object).includes(kind), JSON.stringify(byIndex));
      const byName = await world.rekor('get', '--uuid', String(byIndex['UUID']));
      assert.deepEqual(JSON.parse(byName), byIndex);
    }
    await assert.rejects(world.rekor('get', '--log-index', '3'), /404/);
  });

  it('finds entries by artifact and by key, and verifies an artifact', async (t) => {
    const world = await openWorld(t);
    const content = await signedContent('artifact');
    await world.log.append(content);
    await world.log.append(await signedContent('another'));
    const file = (name: string, bytes: string | Buffer) => writeFile(join(world.folder, name), bytes);
    await Promise.all([
      file('a', content.payload),
      file('a.sig', content.signature),
      file('key.pub', content.publicKeyPem),
    ]);
    const uuids = async (...args: string[]) =>
      (JSON.parse(await world.rekor('search', ...args)) as { UUIDs: string[] }).UUIDs;
    const bySha = await uuids('--sha', digestOf(content.payload));
    assert.deepEqual(await uuids('--sha', digestOf('artifact')), bySha);
    const byKey = await uuids('--public-key', 'key.pub', '--pki-format', 'x509');
    assert.equal(byKey.length, 2);
    assert.deepEqual(byKey.slice(0, 1), bySha);
    const artifact = ['--artifact', 'a', '--artifact-hash', digestOf(content.payload)];
    const signature = ['--signature', 'a.sig', '--public-key', 'key.pub', '--pki-format', 'x509'];
    const verified = await world.rekor('verify', '--type', 'hashedrekord', ...artifact, ...signature);
    assert.ok(verified.includes(bySha[0] ?? ''), verified);
    await file('a.sig', Buffer.from('another'));
    const args = ['verify', '--type', 'hashedrekord', ...artifact, ...signature, '--rekor_server', world.url];
    assert.notEqual(
      (await runProgram(judge('rekor-cli'), args, { cwd: world.folder, env: { HOME: world.folder } })).code,
      0,
    );
  });
});

describe('the log over HTTP', () => {
  it('refuses what it does not have and what it does not understand, in the shape of Rekor', async (t) => {
    const world = await openWorld(t);
    await world.log.append(await signedContent('artifact'));
    const cases: [string, number, unknown?][] = [
      ['log/entries', 422],
      ['log/entries?logIndex=-1', 422],
      ['log/entries?logIndex=1', 404],
      ['log/entries/xyz', 422],
      [`log/entries/${'0'.repeat(64)}`, 404],
      [`log/entries/${'0'.repeat(80)}`, 404],
      ['log/proof', 422],
      ['log/proof?lastSize=2', 422],
      ['log/proof?firstSize=0&lastSize=1', 422],
      ['log/proof?lastSize=1&treeID=1', 404],
      ['log/publicKey?treeID=1', 404],
      ['index/retrieve', 422, {}],
      ['index/retrieve', 422, { hash: 'md5:00' }],
      ['index/retrieve', 422, { publicKey: { content: 'AAAA' } }],
      ['log/entries/retrieve', 422, { entryUUIDs: Array(11).fill('0'.repeat(64)) }],
      ['log/entries/retrieve', 422, { entries: [{ kind: 'dsse' }] }],
    ];
    for (const [path, status, body] of cases) {
      const answer = await world.ask(path, body);
      assert.equal(answer.status, status, path);
      assert.deepEqual(Object.keys(answer.json), ['code', 'message'], path);
    }
    const { json } = await world.ask('log/entries/retrieve', { logIndexes: [0, 5], entryUUIDs: ['0'.repeat(64)] });
    assert.equal((json as object[]).length, 1);
  });
});
