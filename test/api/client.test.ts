// A Center over HTTP gives what the Center behind the service gives: results, errors, events.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { connectCenter, greet } from '../../src/api/client.ts';
import { ExportError, type ErrorCode } from '../../src/core/errors.ts';
import type { Center, RunEvent } from '../../src/runs/center.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { privateAuthority } from './private-authority.ts';
import { runApi } from './running-api.ts';

async function connect(t: TestContext, samePlace = false) {
  const api = await runApi(t);
  const remote = connectCenter({ server: api.server.url, token: api.token, samePlace, env: {} });
  t.after(() => remote.close());
  return { ...api, remote };
}

const event = (sequence: number, state: RunEvent['state'] = 'building'): RunEvent => ({
  sequence,
  at: '2026-01-01T00:00:00Z',
  state,
  message: `step ${sequence}`,
  done: 1,
});

type Question = { readonly name: string; readonly ask: (center: Center) => Promise<unknown> };

const answered: readonly Question[] = [
  { name: 'evidenceSources', ask: (center) => center.evidenceSources('acme') },
  { name: 'evidenceDocument', ask: (center) => center.evidenceDocument('default', 'osv/go', 'a b/ä?&#.json') },
  { name: 'evidenceRejections of a source', ask: (center) => center.evidenceRejections('default', 'osv') },
  { name: 'evidenceRejections of all', ask: (center) => center.evidenceRejections('default') },
  { name: 'profiles', ask: (center) => center.profiles('default') },
  { name: 'profile', ask: (center) => center.profile('default', 'mirror:full') },
  { name: 'putProfile', ask: (center) => center.putProfile('default', { name: 'x', kind: 'y', scope: {} }) },
  { name: 'startRun', ask: (center) => center.startRun('default', { profile: 'p', base: 'none', acceptShrink: true }) },
  { name: 'startRun with a key', ask: (center) => center.startRun('acme', { profile: 'p', idempotencyKey: 'ä k' }) },
  { name: 'run that succeeded', ask: (center) => center.run('default', 'r2') },
  { name: 'run that failed', ask: (center) => center.run('default', 'r3') },
  { name: 'runs', ask: (center) => center.runs('default') },
  { name: 'runs up to a number', ask: (center) => center.runs('default', 3) },
  { name: 'cancelRun', ask: (center) => center.cancelRun('default', 'r1') },
  { name: 'keys', ask: (center) => center.keys() },
  { name: 'generateKey', ask: (center) => center.generateKey() },
  { name: 'generateKey with an overlap', ask: (center) => center.generateKey({ overlap: 'P30D' }) },
  { name: 'activateKey', ask: (center) => center.activateKey('k1') },
  { name: 'activateKey as co-signer', ask: (center) => center.activateKey('k2', { coSign: true, overlap: 'PT12H' }) },
  { name: 'retireKey', ask: (center) => center.retireKey('k1') },
  { name: 'importKey', ask: (center) => center.importKey('PEM', 'secret') },
  { name: 'importKey with an overlap', ask: (center) => center.importKey('PEM', 'secret', { overlap: 'none' }) },
  { name: 'importKey without a password', ask: (center) => center.importKey('PEM') },
  { name: 'signFile', ask: (center) => center.signFile(Buffer.from('file')) },
  { name: 'collectGarbage', ask: (center) => center.collectGarbage({ dryRun: true }) },
];

const refused: readonly Question[] = [
  { name: 'an unknown document', ask: (center) => center.evidenceDocument('default', 'osv', 'none') },
  { name: 'an unknown run', ask: (center) => center.run('default', 'none') },
  { name: 'a bad profile', ask: (center) => center.putProfile('default', { colour: 1 }) },
  { name: 'a profile that is no object', ask: (center) => center.putProfile('default', null) },
  { name: 'a wrong password', ask: (center) => center.importKey('PEM', 'wrong') },
  { name: 'an ingest', ask: (center) => center.ingest('default', { source: 'bad', from: '/none' }) },
  { name: 'events of an unknown run', ask: (center) => collect(center.runEvents('default', 'none')) },
];

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  const error = await promise.then(
    () => assert.fail('it should have been refused'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ExportError, String(error));
  const { code, message, hint } = error;
  return { code, message, hint };
}

describe('the client', () => {
  for (const { name, ask } of answered) {
    test(`${name}: asks the same and gives the same`, async (t) => {
      const { center, remote } = await connect(t);
      const want = await ask(center);
      const [asked] = center.asked.splice(0);
      assert.deepEqual(await ask(remote), want);
      assert.deepEqual(center.asked[0], asked);
    });
  }

  for (const { name, ask } of refused) {
    test(`${name}: code, message and hint of the refusal are the same`, async (t) => {
      const { center, remote } = await connect(t, true);
      assert.deepEqual(await errorOf(ask(remote)), await errorOf(ask(center)));
    });
  }

  test('it says that the token is wrong', async (t) => {
    const { server } = await connect(t);
    const remote = connectCenter({ server: server.url, token: 'wrongwrongwrongwrong', env: {} });
    assert.equal(((await errorOf(remote.keys())) as { code: ErrorCode }).code, 'UNAUTHORIZED');
  });

  test('greet tells the version, and refuses a server of another kind', async (t) => {
    const { server, token } = await connect(t);
    assert.deepEqual(await greet({ server: server.url, token, env: {} }), {
      name: 'export-center',
      version: '1.2.3',
      principal: { name: 'operator', grants: [{ role: 'operator', tenant: '*' }] },
    });
    const other = createServer((_, response) => response.end('<html>'));
    t.after(() => other.close());
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    assert.match(JSON.stringify(await errorOf(greet({ server: url, token, env: {} }))), /UNREACHABLE/);
  });

  for (const server of ['ftp://host', 'host:80', 'http://user:secretword@host', '']) {
    test(`the address ${JSON.stringify(server)} is a usage error that shows no secret`, async () => {
      const error = await errorOf((async () => connectCenter({ server, token: 'x' }))());
      assert.equal((error as { code: ErrorCode }).code, 'USAGE');
      assert.doesNotMatch(JSON.stringify(error), /secretword/);
    });
  }

  test('offline nothing is sent', async (t) => {
    const { server, token, center } = await connect(t);
    const remote = connectCenter({ server: server.url, token, offline: true, env: {} });
    assert.equal(((await errorOf(remote.keys())) as { code: ErrorCode }).code, 'OFFLINE');
    assert.deepEqual(center.asked, []);
  });
});

describe('ingest through the client', () => {
  test('a file is sent with its name, progress comes back', async (t) => {
    const { center, remote } = await connect(t);
    const folder = await temporaryFolder(t, 'from');
    await writeFile(`${folder}/GO-1 ä.json`, '{"id":"GO-1"}');
    const progress: unknown[] = [];
    const options = { source: 'osv', from: `${folder}/GO-1 ä.json`, format: 'osv', sync: true, licence: 'CC0' };
    const result = await remote.ingest('acme', options, (step) => progress.push(step));
    assert.equal(result.added, 1);
    assert.deepEqual(progress, [{ documents: 1, bytes: 10, totalBytes: 20 }]);
    assert.deepEqual(center.asked, [['ingest', 'acme', { ...options, from: 'GO-1 ä.json' }]]);
    assert.equal(center.inputs.get('GO-1 ä.json')?.toString(), '{"id":"GO-1"}');
  });

  test('a folder is sent as lines; what cannot be sent is refused by its path with the reason', async (t) => {
    const { center, remote } = await connect(t);
    const folder = await temporaryFolder(t, 'from');
    await mkdir(`${folder}/go`);
    await writeFile(`${folder}/go/b.json`, '{"ü":"\\u0001"}\r\n');
    await writeFile(`${folder}/a.json`, '{}');
    await writeFile(`${folder}/x.json`, Buffer.from([0x22, 0xff, 0x22]));
    await writeFile(`${folder}/readme.txt`, 'no document');
    await symlink('/etc/passwd', `${folder}/y.json`);
    const result = await remote.ingest('default', { source: 'osv', from: folder });
    const sent = (center.inputs.get('folder.jsonl.gz')?.toString() ?? '').trimEnd().split('\n');
    assert.deepEqual(
      sent.map((line) => JSON.parse(line) as unknown),
      [
        { path: 'a.json', text: '{}' },
        { path: 'go/b.json', text: '{"ü":"\\u0001"}\r\n' },
        { path: 'x.json', text: 'refused by the sender: the document is not valid UTF-8' },
        { path: 'y.json', text: 'refused by the sender: symbolic links are not followed' },
      ],
    );
    // The fake service refuses x.json as not-json; the sender knows better.
    assert.deepEqual(result.rejected, [
      { path: 'x.json', code: 'not-utf8', message: 'the document is not valid UTF-8' },
    ]);
  });

  test('on the same machine the path is named instead', async (t) => {
    const { center, remote } = await connect(t, true);
    await remote.ingest('default', { source: 'osv', from: '/somewhere/day.jsonl' });
    assert.deepEqual(center.asked, [['ingest', 'default', { source: 'osv', from: 'day.jsonl' }]]);
  });

  test('a file that is not there is named before anything is sent', async (t) => {
    const { center, remote } = await connect(t);
    const error = await errorOf(remote.ingest('default', { source: 'osv', from: '/nowhere/x.json' }));
    assert.equal((error as { code: ErrorCode }).code, 'NOT_FOUND');
    assert.deepEqual(center.asked, []);
  });
});

describe('following a run through the client', () => {
  test('events arrive as they happen and end with the run', async (t) => {
    const { center, remote } = await connect(t);
    center.emit(event(1));
    const seen: RunEvent[] = [];
    for await (const next of remote.runEvents('default', 'r1')) {
      seen.push(next);
      if (next.sequence < 3) center.emit(event(next.sequence + 1, next.sequence === 2 ? 'succeeded' : 'building'));
    }
    assert.deepEqual(seen, [event(1), event(2), event(3, 'succeeded')]);
  });

  test('a run that has ended has no further events', async (t) => {
    const { remote } = await connect(t);
    assert.deepEqual(await collect(remote.runEvents('default', 'r2', 9)), []);
  });

  test('after a broken connection it goes on behind the last event it saw', async (t) => {
    const asked: (string | undefined)[] = [];
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      const last = request.headers['last-event-id'];
      asked.push(String(last));
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`id: ${asked.length}\nevent: run\ndata: ${JSON.stringify(event(asked.length))}\n\n`);
      if (asked.length === 1) response.write('id: 9\nevent: run\ndata: {"cut', () => response.destroy());
      else if (asked.length === 2) response.end();
      else response.end('event: end\ndata: {}\n\n');
    };
    const server = createServer(answer);
    t.after(() => server.close());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const remote = connectCenter({ server: url, token: 'x', env: {} });
    t.after(() => remote.close());
    assert.deepEqual(await collect(remote.runEvents('default', 'r1')), [event(1), event(2), event(3)]);
    assert.deepEqual(asked, ['0', '1', '2']);
  });

  test('whoever stops listening ends it', async (t) => {
    const { center, remote } = await connect(t);
    center.emit(event(1));
    const stop = new AbortController();
    const events = remote.runEvents('default', 'r1', 0, stop.signal)[Symbol.asyncIterator]();
    assert.deepEqual((await events.next()).value, event(1));
    const next = events.next();
    stop.abort();
    await assert.rejects(next, { code: 'CANCELLED' });
  });
});

describe('the server', () => {
  test('the registry and the API are on one origin, and answers are counted', async (t) => {
    const { server, metrics } = await connect(t);
    for (const path of ['/v2/', '/v2', '/token?service=x']) {
      assert.equal(await (await fetch(server.url + path)).text(), 'registry', path);
    }
    assert.equal(await (await fetch(`${server.url}/healthz`)).text(), 'ok\n');
    assert.equal((await fetch(`${server.url}/v2x`)).status, 404);
    assert.match(await metrics.text(), /requests_total\{area="registry",method="GET",status="200"\} 3/);
  });

  test('a second server on the same port is refused', async (t) => {
    const { server } = await connect(t);
    const listen = { host: '127.0.0.1', port: server.port };
    await assert.rejects(runApi(t, { listen }), { code: 'CONFLICT', message: /another program listens there/ });
  });

  test('a request in flight is finished when the service ends, an event stream is cut', async (t) => {
    const { server, center, remote, stopping, token } = await connect(t);
    const entered = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    center.keys = async () => {
      entered.resolve();
      await release.promise;
      return [];
    };
    const followed = await fetch(`${server.url}/api/v1/runs/r1/events`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const answer = remote.keys();
    await entered.promise;
    stopping.abort();
    const stopped = server.stop(60_000);
    await assert.rejects(fetch(`${server.url}/healthz`));
    release.resolve();
    assert.deepEqual(await answer, []);
    assert.equal(await followed.text(), ': connected\n\n');
    await stopped;
  });

  test('with a certificate it speaks TLS to those who trust its authority, and to no others', async (t) => {
    const folder = await temporaryFolder(t, 'tls');
    const { ca, cert, key } = await privateAuthority(folder);
    const { server, token } = await runApi(t, { tls: { cert, key } });
    assert.match(server.url, /^https:/);
    const trusting = connectCenter({ server: `https://localhost:${server.port}`, token, ca, env: {} });
    t.after(() => trusting.close());
    assert.equal((await trusting.keys()).length, 1);
    const stranger = connectCenter({ server: `https://localhost:${server.port}`, token, env: {} });
    t.after(() => stranger.close());
    assert.match(JSON.stringify(await errorOf(stranger.keys())), /UNREACHABLE.*--ca-file/);
  });

  test('a key that does not belong to the certificate is a usage error', async (t) => {
    await assert.rejects(runApi(t, { tls: { cert: 'x', key: 'y' } }), { code: 'USAGE' });
  });
});
