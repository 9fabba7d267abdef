// The HTTP client against servers that misbehave in the ways that real ones do.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createHttp, type Http, type HttpOptions } from '../../../src/registry/client/http.ts';
import { atEnd } from '../../support/scope.ts';
import { makeCertificates } from './certificates.ts';
import { expectError } from './expect-error.ts';
import { answer, inOrder, startHttpServer } from './http-server.ts';

function open(t: TestContext, options: HttpOptions = {}): Http {
  const http = createHttp({ env: {}, retryDelayMs: 1, ...options });
  atEnd(t, () => http.close());
  return http;
}

test('an overloaded server is asked again until it answers', async (t) => {
  const later = answer(429, '', { 'retry-after': '0' });
  const server = await startHttpServer(t, inOrder(answer(503), later, answer(200, 'here')));
  const response = await open(t).get(server.origin);
  assert.equal((await response.bytes(100)).toString(), 'here');
  assert.equal(server.seen.length, 3);
});

test('repetitions are bounded, and the last refusal is the answer', async (t) => {
  const server = await startHttpServer(t, answer(503));
  const response = await open(t, { retries: 2 }).get(server.origin);
  await response.discard();
  assert.equal(response.status, 503);
  assert.equal(server.seen.length, 3);
});

test('a wait that Retry-After asks for is cut at the longest delay', async (t) => {
  const server = await startHttpServer(t, inOrder(answer(503, '', { 'retry-after': '86400' }), answer(200)));
  const response = await open(t, { maxRetryDelayMs: 1 }).get(server.origin);
  await response.discard();
  assert.equal(response.status, 200);
});

test('a request that writes is not repeated unless its caller says so', async (t) => {
  const server = await startHttpServer(t, answer(503));
  const response = await open(t).request({ method: 'POST', url: new URL(server.origin) });
  await response.discard();
  assert.equal(server.seen.length, 1);
});

test('a request that writes is repeated when it was one too many', async (t) => {
  const server = await startHttpServer(t, inOrder(answer(429), answer(202)));
  const response = await open(t).request({ method: 'POST', url: new URL(server.origin), body: Buffer.from('x') });
  await response.discard();
  assert.equal(response.status, 202);
  assert.equal(server.seen[1]?.body.toString(), 'x');
});

test('a connection that is cut before the answer is tried again', async (t) => {
  const server = await startHttpServer(
    t,
    inOrder((_, response) => void response.destroy(), answer(200, 'here')),
  );
  const response = await open(t).get(server.origin);
  assert.equal((await response.bytes(100)).toString(), 'here');
});

test('a port where nobody listens is unreachable, and the error names the host', async (t) => {
  const error = await expectError(open(t, { retries: 1 }).get('http://127.0.0.1:1/secret?sig=abc'), 'UNREACHABLE');
  assert.match(error.message, /127\.0\.0\.1:1 cannot be reached: connection refused/);
  assert.doesNotMatch(error.message, /abc/);
  assert.equal(error.retryable, true);
});

test('a server that accepts and stays silent is unreachable after the time for an answer', async (t) => {
  const server = await startHttpServer(t, () => {});
  const error = await expectError(open(t, { retries: 0, headersTimeoutMs: 50 }).get(server.origin), 'UNREACHABLE');
  assert.match(error.message, /no answer in time/);
});

test('every byte of every body counts, refusals and redirects included', async (t) => {
  const server = await startHttpServer(
    t,
    inOrder(answer(503, '12345'), answer(307, '123', { location: '/there' }), answer(200, '1234567')),
  );
  let counted = 0;
  const response = await open(t, { onBytes: (count) => (counted += count) }).get(server.origin);
  await response.bytes(100);
  assert.equal(counted, 15);
});

test('a redirect to another host carries no credentials', async (t) => {
  const other = await startHttpServer(t, answer(200, 'content'));
  const target = `http://127.0.0.1:${other.port}/store?X-Signature=1`;
  const server = await startHttpServer(t, answer(307, '', { location: target }));
  const headers = { authorization: 'Bearer secret', cookie: 'a=b', range: 'bytes=1-' };
  const response = await open(t).get(server.origin, { headers });
  assert.equal((await response.bytes(100)).toString(), 'content');
  assert.equal(server.seen[0]?.headers.authorization, 'Bearer secret');
  assert.equal(other.seen[0]?.path, '/store?X-Signature=1');
  assert.equal(other.seen[0]?.headers.authorization, undefined);
  assert.equal(other.seen[0]?.headers.cookie, undefined);
  assert.equal(other.seen[0]?.headers.range, 'bytes=1-');
});

test('credentials that a redirect has cost do not come back with the next one', async (t) => {
  const server = await startHttpServer(
    t,
    inOrder((_, response) => void response.writeHead(302, { location: away }).end(), answer(200)),
  );
  const other = await startHttpServer(t, answer(302, '', { location: `${server.origin}/back` }));
  const away = `http://127.0.0.1:${other.port}/`;
  const response = await open(t).get(server.origin, { headers: { Authorization: 'Bearer secret' } });
  await response.discard();
  assert.equal(server.seen[1]?.path, '/back');
  assert.equal(server.seen[1]?.headers.authorization, undefined);
});

test('a redirect inside the origin keeps credentials', async (t) => {
  const server = await startHttpServer(t, inOrder(answer(301, '', { location: '/new' }), answer(200)));
  const response = await open(t).get(server.origin, { headers: { authorization: 'Bearer secret' } });
  await response.discard();
  assert.equal(server.seen[1]?.headers.authorization, 'Bearer secret');
});

test('redirects in a circle end', async (t) => {
  const server = await startHttpServer(t, answer(302, '', { location: '/' }));
  await expectError(open(t).get(server.origin), 'REGISTRY_REFUSED');
  assert.equal(server.seen.length, 6);
});

test('a redirect from https to http is refused', async (t) => {
  const certificates = await makeCertificates(t);
  if (!certificates) return;
  const plain = await startHttpServer(t, answer(200));
  const server = await startHttpServer(t, answer(302, '', { location: plain.origin }), certificates);
  await expectError(open(t, { ca: certificates.ca }).get(server.origin), 'REGISTRY_REFUSED');
  assert.equal(plain.seen.length, 0);
});

test('a private certificate authority is trusted when its file is given, and only then', async (t) => {
  const certificates = await makeCertificates(t);
  if (!certificates) return;
  const server = await startHttpServer(t, answer(200, 'private'), certificates);
  const error = await expectError(open(t).get(server.origin), 'UNREACHABLE');
  assert.match(error.hint ?? '', /--ca-file/);
  assert.equal(error.retryable, false);
  const response = await open(t, { ca: certificates.ca }).get(server.origin);
  assert.equal((await response.bytes(100)).toString(), 'private');
});

test('a file without a certificate is refused as such', async (t) => {
  await expectError(open(t, { ca: 'hello' }).get('http://localhost:1/'), 'USAGE');
});

test('https on a port that speaks plain HTTP says so', async (t) => {
  const server = await startHttpServer(t, answer(200));
  const error = await expectError(open(t, { retries: 0 }).get(`https://${server.host}/`), 'UNREACHABLE');
  assert.match(error.hint ?? '', /plain HTTP/);
});

test('offline, nothing is asked', async (t) => {
  const server = await startHttpServer(t, answer(200));
  await expectError(open(t, { offline: true }).get(server.origin), 'OFFLINE');
  assert.equal(server.seen.length, 0);
});

test('an aborted request is cancelled, and so is the wait before a repetition', async (t) => {
  const controller = new AbortController();
  const server = await startHttpServer(t, () => controller.abort());
  const http = open(t);
  await expectError(http.get(server.origin, { signal: controller.signal }), 'CANCELLED');
  const stop = new AbortController();
  const busy = await startHttpServer(t, (_, response) => {
    response.writeHead(503, { 'retry-after': '3600' }).end();
    stop.abort();
  });
  await expectError(open(t, { signal: stop.signal, maxRetryDelayMs: 3_600_000 }).get(busy.origin), 'CANCELLED');
});

test('an unchanged feed is answered by 304 to its ETag', async (t) => {
  const server = await startHttpServer(t, (request, response) => {
    const same = request.headers['if-none-match'] === '"v1"';
    response.writeHead(same ? 304 : 200, { etag: '"v1"' }).end(same ? '' : 'feed');
  });
  const http = open(t);
  const first = await http.get(server.origin);
  assert.equal((await first.bytes(10)).toString(), 'feed');
  const second = await http.get(server.origin, { headers: { 'if-none-match': first.headers['etag'] } });
  await second.discard();
  assert.equal(second.status, 304);
});

test('a body over its limit is refused, and one that is cut is unreachable and retryable', async (t) => {
  const server = await startHttpServer(
    t,
    inOrder(answer(200, 'x'.repeat(1000)), (_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('x'.repeat(500), () => response.destroy());
    }),
  );
  const http = open(t);
  await expectError(
    http.get(server.origin).then((response) => response.bytes(999)),
    'INPUT_TOO_LARGE',
  );
  const error = await expectError(
    http.get(server.origin).then((response) => response.bytes(1000)),
    'UNREACHABLE',
  );
  assert.equal(error.retryable, true);
});

test('schemes other than http and https are not fetched', async (t) => {
  await expectError(open(t).get('file:///etc/passwd'), 'USAGE');
});
