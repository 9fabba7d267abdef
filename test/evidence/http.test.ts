// Evidence from a web address, against a real server: conditional requests, names, failures.

import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { HttpGet } from '../../src/evidence/sources/http.ts';
import { atEnd, type Scope } from '../support/scope.ts';
import { jsonl, jsonlGz, osv, testStore } from './store.ts';
import { buildZip } from './zip-builder.ts';

const get: HttpGet = async (url, headers) => {
  const answer = await fetch(url, { headers });
  const body = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of answer.body ?? []) yield Buffer.from(chunk as Uint8Array);
  };
  return { status: answer.status, headers: Object.fromEntries(answer.headers), body: body() };
};

async function serve(
  scope: Scope,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(scope, () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('an unchanged answer is not read again, until another input changed the source', async (t) => {
  const statuses: number[] = [];
  let day = 1;
  const origin = await serve(t, (request, response) => {
    const etag = `"day-${day}"`;
    const known = request.headers['if-none-match'] === etag;
    statuses.push(known ? 304 : 200);
    response.writeHead(known ? 304 : 200, { etag, 'content-type': 'application/octet-stream' });
    response.end(
      known
        ? undefined
        : buildZip([
            { name: 'a.json', content: osv(`A${day}`) },
            { name: 'b.json', content: osv('B') },
          ]),
    );
  });
  const { ingest, file, texts, folder } = await testStore(t);
  const url = `${origin}/Go/all.zip`;
  const first = await ingest(url, {}, { httpGet: get });
  const second = await ingest(url, {}, { httpGet: get });
  assert.deepEqual([first.added, second.unchanged, second.sequence, statuses], [2, 2, 1, [200, 304]]);
  await ingest(url, { sync: true }, { httpGet: get });
  await ingest(url, { sync: true, licence: 'CC0-1.0' }, { httpGet: get });
  assert.deepEqual(statuses, [200, 304, 200, 304], 'what was not synced cannot answer for a sync');
  await ingest(await file('other.jsonl', jsonl([{ path: 'a.json', text: osv('other') }])));
  const back = await ingest(url, {}, { httpGet: get });
  assert.deepEqual([back.changed, statuses.at(-1)], [1, 200]);
  day = 2;
  assert.equal((await ingest(url, {}, { httpGet: get })).changed, 1);
  assert.equal((await texts())[':a.json'], osv('A2'));
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith('download-')),
    [],
  );
});

test('the first download makes the folder for downloads', async (t) => {
  const origin = await serve(t, (_, response) => response.end(jsonlGz([{ path: 'a', text: osv('A') }])));
  const { ingest, folder } = await testStore(t);
  const tempDir = join(folder, 'data', 'tmp');
  const result = await ingest(`${origin}/x.jsonl.gz`, {}, { httpGet: get, tempDir });
  assert.deepEqual([result.added, await readdir(tempDir)], [1, []]);
});

test('the kind of an answer is told by its name or by its media type', async (t) => {
  const origin = await serve(t, (request, response) => {
    const lines = request.url?.startsWith('/x.jsonl.gz') === true;
    if (!lines) response.setHeader('content-type', 'application/json; charset=utf-8');
    response.end(lines ? jsonlGz([{ path: 'a', text: osv('A') }]) : osv('J'));
  });
  const { ingest, texts } = await testStore(t);
  await ingest(`${origin}/x.jsonl.gz?token=secret`, {}, { httpGet: get });
  await ingest(`${origin}/api/%2e%2e%2fGO-1`, {}, { httpGet: get });
  assert.deepEqual(await texts(), { ':_GO-1.json': osv('J'), ':a': osv('A') });
});

test('failures are named without the secrets of the address, and leave nothing', async (t) => {
  const origin = await serve(t, (request, response) => {
    if (request.url?.startsWith('/gone') === true) response.writeHead(404).end('no');
    else if (request.url?.startsWith('/broken') === true) response.writeHead(500).end('no');
    else {
      response.writeHead(200, { 'content-length': '1000000' });
      response.write('{"path":');
      setImmediate(() => response.destroy());
    }
  });
  const { ingest, store, folder } = await testStore(t);
  for (const [path, code] of [
    ['gone.zip', 'NOT_FOUND'],
    ['broken.zip', 'UNREACHABLE'],
    ['half.jsonl', 'UNREACHABLE'],
  ]) {
    await assert.rejects(
      ingest(`${origin}/${path}?token=hunter2`, {}, { httpGet: get }),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, code);
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      },
    );
  }
  await assert.rejects(ingest('http://127.0.0.1:1/x.zip', {}, { httpGet: get }), {
    code: 'UNREACHABLE',
    retryable: true,
  });
  assert.equal(await store.sequence(), 0);
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith('download-')),
    [],
  );
});
