// The API through app.request(): who may ask, what a request may hold, how errors look, how a run is followed.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, test, type TestContext } from 'node:test';
import { openAccess, openOperatorToken } from '../../src/access/access.ts';
import { createApiApp } from '../../src/api/app.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createHealth } from '../../src/observe/health.ts';
import { silentLog } from '../../src/observe/log.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import type { RunEvent } from '../../src/runs/center.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { fakeCenter } from './fake-center.ts';

async function open(t: TestContext, heartbeatMs = 60_000) {
  const dir = await temporaryFolder(t, 'api');
  const center = fakeCenter();
  const health = createHealth();
  const stopping = new AbortController();
  const app = createApiApp({
    center,
    access: await openAccess(dir, { clock: systemClock }),
    health,
    metrics: createMetrics(),
    log: silentLog,
    spoolDir: `${dir}/spool`,
    version: '1.2.3',
    stopping: stopping.signal,
    heartbeatMs,
  });
  const token = await openOperatorToken(dir);
  const ask = (path: string, init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {}) =>
    Promise.resolve(app.request(path, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } }));
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    ask(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  return { app, center, health, ask, post, token, dir, stopping };
}

const event = (sequence: number, state: RunEvent['state'] = 'building'): RunEvent => ({
  sequence,
  at: '2026-01-01T00:00:00Z',
  state,
  message: `step ${sequence}`,
});

describe('the door of the API', () => {
  const paths = ['/api/v1', '/api/v1/runs', '/api/v1/evidence', '/api/v1/keys', '/api/v1/runs/r1/events'];
  for (const path of paths) {
    test(`GET ${path} needs the operator token`, async (t) => {
      const { app, center } = await open(t);
      const answer = await app.request(path);
      assert.equal(answer.status, 401);
      assert.equal(answer.headers.get('content-type'), 'application/problem+json');
      assert.match(answer.headers.get('www-authenticate') ?? '', /Basic .*Bearer /);
      const wrong = await app.request(path, { headers: { authorization: 'Bearer wrongwrongwrong' } });
      assert.equal(wrong.status, 401);
      assert.deepEqual(center.asked, []);
    });
  }

  test('the token is taken as Bearer and as the password of the user operator', async (t) => {
    const { app, token } = await open(t);
    const basic = `Basic ${Buffer.from(`operator:${token}`).toString('base64')}`;
    assert.equal((await app.request('/api/v1', { headers: { authorization: basic } })).status, 200);
    const other = `Basic ${Buffer.from(`somebody:${token}`).toString('base64')}`;
    assert.equal((await app.request('/api/v1', { headers: { authorization: other } })).status, 401);
  });

  test('health and description need no token', async (t) => {
    const { app, health } = await open(t);
    assert.equal((await app.request('/healthz')).status, 200);
    assert.equal((await app.request('/readyz')).status, 200);
    assert.equal((await app.request('/openapi.json')).status, 200);
    health.register('database', () => Promise.reject(new Error('gone')));
    const answer = await app.request('/readyz');
    assert.equal(answer.status, 503);
    assert.match(await answer.text(), /"database","ok":false,"reason":"gone"/);
    assert.equal((await app.request('/healthz')).status, 200);
  });

  test('a request from a page of another origin is refused', async (t) => {
    const { post } = await open(t);
    const answer = await post('/api/v1/runs', { profile: 'p' }, { 'sec-fetch-site': 'cross-site' });
    assert.equal(answer.status, 403);
  });
});

describe('requests and refusals', () => {
  const cases: readonly { name: string; body: unknown; status: number; detail: RegExp }[] = [
    { name: 'a member that is not known', body: { profile: 'p', colour: 1 }, status: 422, detail: /body: .*colour/ },
    { name: 'a member of the wrong type', body: { profile: 3 }, status: 422, detail: /body\.profile: / },
    { name: 'a missing member', body: {}, status: 422, detail: /body\.profile: / },
    { name: 'no object', body: [], status: 422, detail: /body: / },
  ];
  for (const { name, body, status, detail } of cases) {
    test(`${name} is refused as a problem`, async (t) => {
      const { post, center } = await open(t);
      const answer = await post('/api/v1/runs', body);
      assert.equal(answer.status, status);
      const problem = (await answer.json()) as { [name: string]: string };
      assert.match(problem['detail'] ?? '', detail);
      assert.equal(problem['code'], 'INPUT_INVALID');
      assert.deepEqual(center.asked, []);
    });
  }

  test('text that is no JSON, and another content type, are refused', async (t) => {
    const { ask } = await open(t);
    const headers = { 'content-type': 'application/json' };
    assert.equal((await ask('/api/v1/runs', { method: 'POST', body: '{', headers })).status, 400);
    assert.equal((await ask('/api/v1/runs', { method: 'POST', body: '{"profile":"p"}' })).status, 400);
  });

  test('a body beyond the limit is refused, with and without its length', async (t) => {
    const { ask } = await open(t);
    const body = JSON.stringify({ profile: 'p'.repeat(2 << 20) });
    const headers = { 'content-type': 'application/json' };
    assert.equal((await ask('/api/v1/runs', { method: 'POST', body, headers })).status, 413);
    const stream = new Blob([body]).stream();
    const streamed = { method: 'POST', body: stream, headers, duplex: 'half' } as const;
    assert.equal((await ask('/api/v1/runs', streamed)).status, 413);
  });

  test('an error of the center keeps code, message and hint', async (t) => {
    const { ask } = await open(t);
    const answer = await ask('/api/v1/runs/none');
    assert.equal(answer.status, 404);
    assert.deepEqual(await answer.json(), {
      type: 'urn:export-center:error:not-found',
      title: 'not found',
      status: 404,
      detail: 'there is no run none',
      code: 'NOT_FOUND',
      hint: 'see export-center runs list',
    });
  });

  test('a path that nothing answers is a problem too', async (t) => {
    const { ask } = await open(t);
    const answer = await ask('/api/v1/nothing');
    assert.equal(answer.status, 404);
    assert.equal(answer.headers.get('content-type'), 'application/problem+json');
  });

  test('the tenant is a parameter, default without one', async (t) => {
    const { ask, center } = await open(t);
    await ask('/api/v1/runs?tenant=acme&limit=5');
    await ask('/api/v1/runs');
    assert.deepEqual(center.asked, [
      ['runs', 'acme', 5],
      ['runs', 'default', undefined],
    ]);
    assert.equal((await ask('/api/v1/runs?limit=5&limit=6')).status, 422);
    assert.equal((await ask('/api/v1/runs?colour=red')).status, 422);
  });

  test('the Idempotency-Key reaches the center; two different ones are refused', async (t) => {
    const { post, center } = await open(t);
    const answer = await post('/api/v1/runs', { profile: 'p' }, { 'idempotency-key': 'k' });
    assert.equal(answer.status, 202);
    assert.equal(answer.headers.get('location'), '/api/v1/runs/r1');
    assert.deepEqual(center.asked, [['startRun', 'default', { profile: 'p', idempotencyKey: 'k' }]]);
    const other = await post('/api/v1/runs', { profile: 'p', idempotencyKey: 'j' }, { 'idempotency-key': 'k' });
    assert.equal(other.status, 422);
  });
});

describe('the description', () => {
  test('it is OpenAPI 3.1, strict about input, and names every route with its security', async (t) => {
    const { app } = await open(t);
    const document = (await (await app.request('/openapi.json')).json()) as {
      openapi: string;
      paths: { [path: string]: { [method: string]: { security: unknown[]; responses: object } } };
      components: { schemas: { [name: string]: { additionalProperties?: boolean } } };
    };
    assert.match(document.openapi, /^3\.1/);
    assert.equal(document.components.schemas['RunRequest']?.additionalProperties, false);
    const parameters = JSON.stringify(document.paths);
    assert.match(parameters, /"name":"idempotency-key","in":"header"/);
    assert.match(parameters, /"name":"last-event-id","in":"header"/);
    const routes = app.routes.filter(({ path }) => path.startsWith('/api/'));
    for (const { path, method } of routes) {
      const described = document.paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
      assert.ok(described, `${method} ${path}`);
      assert.equal(described.security.length, 2);
      assert.ok('default' in described.responses);
    }
    assert.ok(routes.length >= 16);
  });
});

describe('uploads', () => {
  const upload = (body: string) => ({
    method: 'POST',
    body,
    headers: { 'content-type': 'application/octet-stream' },
  });

  test('an upload keeps its name, is ingested and leaves nothing behind', async (t) => {
    const { ask, center, dir } = await open(t);
    const answer = await ask('/api/v1/ingest/upload?source=osv&name=day.jsonl&sync=true', upload('{"a":1}\n'));
    assert.equal(answer.status, 200);
    assert.equal(((await answer.json()) as { added: number }).added, 1);
    assert.deepEqual(center.asked, [['ingest', 'default', { source: 'osv', sync: true, from: 'day.jsonl' }]]);
    assert.equal(center.inputs.get('day.jsonl')?.toString(), '{"a":1}\n');
    assert.deepEqual(readdirSync(`${dir}/spool`), []);
  });

  for (const name of ['../x', 'a/b', '..', '', 'a%00b']) {
    test(`the name ${JSON.stringify(name)} is refused`, async (t) => {
      const { ask, center } = await open(t);
      assert.equal((await ask(`/api/v1/ingest/upload?source=osv&name=${name}`, upload('x'))).status, 422);
      assert.deepEqual(center.asked, []);
    });
  }

  test('a relative path is not read from wherever the service was started', async (t) => {
    const { post, center } = await open(t);
    assert.equal((await post('/api/v1/ingest', { source: 'osv', from: 'x.json' })).status, 422);
    assert.deepEqual(center.asked, []);
  });

  test('progress comes as events with the result as the last one', async (t) => {
    const { post } = await open(t);
    const answer = await post('/api/v1/ingest', { source: 'osv', from: '/none' }, { accept: 'text/event-stream' });
    const text = await answer.text();
    assert.match(text, /event: progress\ndata: \{"documents":1,"bytes":10,"totalBytes":20\}\n\n/);
    assert.match(text, /event: result\ndata: \{"source":"osv",.*\n\nevent: end\n/);
    const refused = await post('/api/v1/ingest', { source: 'bad', from: '/none' }, { accept: 'text/event-stream' });
    assert.match(await refused.text(), /event: problem\ndata: \{.*"code":"INPUT_INVALID".*"hint":"a-z"\}\n\n$/);
  });
});

describe('following a run', () => {
  test('events are numbered and the stream ends with the run', async (t) => {
    const { ask, center } = await open(t);
    center.emit(event(1));
    center.emit(event(2, 'succeeded'));
    const answer = await ask('/api/v1/runs/r1/events');
    assert.match(answer.headers.get('content-type') ?? '', /^text\/event-stream/);
    assert.equal(
      await answer.text(),
      `: connected\n\nid: 1\nevent: run\ndata: ${JSON.stringify(event(1))}\n\n` +
        `id: 2\nevent: run\ndata: ${JSON.stringify(event(2, 'succeeded'))}\n\nevent: end\ndata: {}\n\n`,
    );
  });

  test('Last-Event-ID leaves out what was seen', async (t) => {
    const { ask, center } = await open(t);
    for (const sequence of [1, 2, 3]) center.emit(event(sequence));
    center.emit(event(4, 'failed'));
    const text = await (await ask('/api/v1/runs/r1/events', { headers: { 'last-event-id': '3' } })).text();
    assert.deepEqual(text.match(/^id: .*$/gm), ['id: 4']);
    assert.equal((await ask('/api/v1/runs/r1/events', { headers: { 'last-event-id': 'x' } })).status, 422);
  });

  test('while nothing happens a comment keeps the connection alive', async (t) => {
    const { ask, center } = await open(t, 1);
    const answer = await ask('/api/v1/runs/r1/events');
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes(': still here\n\n')) text += (await reader?.read())?.value ?? assert.fail('ended');
    center.emit(event(1, 'cancelled'));
    while (!text.includes('event: end')) text += (await reader?.read())?.value ?? assert.fail('ended');
  });

  test('who goes away ends the following behind the API', async (t) => {
    const { ask, center } = await open(t);
    const ended = Promise.withResolvers<void>();
    const original = center.runEvents.bind(center);
    center.runEvents = (tenant, id, after, signal) => {
      signal?.addEventListener('abort', () => ended.resolve());
      return original(tenant, id, after, signal);
    };
    const answer = await ask('/api/v1/runs/r1/events');
    await answer.body?.cancel();
    await ended.promise;
  });

  test('a service that ends cuts the stream without an end event', async (t) => {
    const { ask, stopping } = await open(t);
    const answer = await ask('/api/v1/runs/r1/events');
    const text = answer.text();
    stopping.abort();
    assert.equal(await text, ': connected\n\n');
  });

  test('an unknown run is an answer, not an event', async (t) => {
    const { ask } = await open(t);
    assert.equal((await ask('/api/v1/runs/none/events')).status, 404);
  });
});
