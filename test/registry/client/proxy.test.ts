// Outgoing proxies: a real CONNECT proxy for https, absolute-form requests for http, and the exclusions of NO_PROXY.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHttp } from '../../../src/registry/client/http.ts';
import { proxyFor } from '../../../src/registry/client/proxy-environment.ts';
import { startConnectProxy } from '../../support/connect-proxy.ts';
import { atEnd } from '../../support/scope.ts';
import { makeCertificates } from './certificates.ts';
import { expectError } from './expect-error.ts';
import { answer, startHttpServer } from './http-server.ts';

test('https goes through the tunnel of HTTPS_PROXY, and only the proxy sees its password', async (t) => {
  const certificates = await makeCertificates(t);
  if (!certificates) return;
  const server = await startHttpServer(t, answer(200, 'through'), certificates);
  const proxy = await startConnectProxy(t, { portOf: () => server.port });
  const env = { HTTPS_PROXY: `http://user:word@127.0.0.1:${proxy.port}` };
  const http = createHttp({ ca: certificates.ca, env });
  atEnd(t, () => http.close());
  const response = await http.get('https://registry.test/v2/', { headers: { authorization: 'Bearer secret' } });
  assert.equal((await response.bytes(100)).toString(), 'through');
  assert.deepEqual(proxy.asked, [`registry.test:443 Basic ${Buffer.from('user:word').toString('base64')}`]);
  assert.equal(server.seen[0]?.headers['proxy-authorization'], undefined);
  assert.equal(server.seen[0]?.headers.authorization, 'Bearer secret');
});

test('a proxy that refuses is named as the cause', async (t) => {
  const proxy = await startConnectProxy(t, { portOf: () => undefined });
  const http = createHttp({ env: { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }, retries: 0 });
  atEnd(t, () => http.close());
  const error = await expectError(http.get('https://registry.test/'), 'UNREACHABLE');
  assert.match(error.hint ?? '', /proxy/);
});

test('http goes to HTTP_PROXY in absolute form', async (t) => {
  const proxy = await startHttpServer(t, answer(200, 'from the proxy'));
  const http = createHttp({ env: { http_proxy: `127.0.0.1:${proxy.port}` } });
  atEnd(t, () => http.close());
  const response = await http.get('http://feeds.test/all.zip?x=1');
  assert.equal((await response.bytes(100)).toString(), 'from the proxy');
  assert.equal(proxy.seen[0]?.path, 'http://feeds.test/all.zip?x=1');
  assert.equal(proxy.seen[0]?.headers.host, 'feeds.test');
});

test('a proxy setting that is no URL is refused without repeating it', async (t) => {
  const http = createHttp({ env: { HTTPS_PROXY: 'http://user:pass word@:::' } });
  atEnd(t, () => http.close());
  const error = await expectError(http.get('https://registry.test/'), 'USAGE');
  assert.doesNotMatch(error.message, /word/);
});

// The rules of Go's golang.org/x/net/http/httpproxy, which oras, crane and cosign follow.
const direct: readonly [rule: string, url: string][] = [
  ['*', 'https://a.example/'],
  ['a.example', 'https://a.example/'],
  ['example', 'https://a.example/'],
  ['.example', 'https://a.example/'],
  ['*.example', 'https://a.example/'],
  ['a.example:8443', 'https://a.example:8443/'],
  ['x.test, A.Example', 'https://a.example/'],
  ['10.0.0.0/8', 'https://10.1.2.3/'],
  ['10.1.2.3', 'https://10.1.2.3/'],
  ['fd00::/8', 'https://[fd12::1]/'],
  ['', 'https://localhost:5000/'],
  ['', 'https://127.0.0.1:5000/'],
  ['', 'https://[::1]:5000/'],
];
const proxied: readonly [rule: string, url: string][] = [
  ['', 'https://a.example/'],
  ['b.example', 'https://a.example/'],
  ['.a.example', 'https://a.example/'],
  ['xample', 'https://a.example/'],
  ['a.example:8443', 'https://a.example/'],
  ['10.0.0.0/8', 'https://11.1.2.3/'],
  ['10.0.0.0/99', 'https://10.1.2.3/'],
];

test('NO_PROXY excludes hosts as it does for Go programs', () => {
  const env = { HTTPS_PROXY: 'http://proxy.test:3128' };
  for (const [rule, url] of direct) {
    assert.equal(proxyFor(new URL(url), { ...env, NO_PROXY: rule }), undefined, `${rule} excludes ${url}`);
  }
  for (const [rule, url] of proxied) {
    assert.equal(proxyFor(new URL(url), { ...env, NO_PROXY: rule }), 'http://proxy.test:3128', `${rule}: ${url}`);
  }
  assert.equal(proxyFor(new URL('http://a.example/'), env), undefined);
});
