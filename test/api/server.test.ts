// The server in front of both apps: what it does about tenants that ask too much, clients that are too slow, and
// certificates that are renewed.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rename, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { RateLimiter } from '../../src/access/rate-limit.ts';
import { requestTenant } from '../../src/api/request-tenant.ts';
import { startServer, type RunningServer, type ServerOptions } from '../../src/api/server.ts';
import { TlsFiles } from '../../src/cli/tls-files.ts';
import { createLog, silentLog } from '../../src/observe/log.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import { systemClock } from '../../src/core/clock.ts';
import { atEnd } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { privateAuthority } from './private-authority.ts';

async function start(t: TestContext, options: Partial<ServerOptions> = {}): Promise<RunningServer> {
  const server = await startServer({
    listen: { host: '127.0.0.1', port: 0 },
    registry: { handle: async (_, outgoing) => void outgoing.end('registry') },
    api: { fetch: async (request) => new Response(`api ${(await request.text()).length}`) },
    log: silentLog,
    metrics: createMetrics(),
    ...options,
  });
  atEnd(t, () => server.stop(0));
  return server;
}

/** A clock that a test moves by hand. */
function handClock() {
  let ms = Date.UTC(2026, 0, 1);
  return { now: () => new Date(ms), pass: (seconds: number) => void (ms += seconds * 1_000) };
}

describe('the rate of a tenant', () => {
  test('two seconds of it may come at once, then one after the other', () => {
    const clock = handClock();
    const limiter = new RateLimiter(5, clock);
    assert.deepEqual(
      Array.from({ length: 12 }, () => limiter.take('acme')),
      [...Array.from({ length: 10 }, () => 0), 1, 1],
    );
    assert.equal(limiter.take('other'), 0);
    clock.pass(0.2);
    assert.deepEqual([limiter.take('acme'), limiter.take('acme')], [0, 1]);
    clock.pass(3_600);
    assert.equal(Array.from({ length: 11 }, () => limiter.take('acme')).filter((wait) => wait === 0).length, 10);
  });

  test('a clock that is set back gives nothing and takes nothing', () => {
    const clock = handClock();
    const limiter = new RateLimiter(1, clock);
    assert.deepEqual([limiter.take('acme'), limiter.take('acme'), limiter.take('acme')], [0, 0, 1]);
    clock.pass(-60);
    assert.equal(limiter.take('acme'), 1);
    clock.pass(1);
    assert.equal(limiter.take('acme'), 0);
  });

  test('is counted by what the path names', () => {
    const cases: Record<string, string | undefined> = {
      '/v2/acme/mirror/manifests/latest': 'acme',
      '/v2/': undefined,
      '/tuf/acme/timestamp.json': 'acme',
      '/api/v1/bundles/acme/mirror/latest.tar': 'acme',
      '/api/v1/runs?tenant=acme': 'acme',
      '/api/v1/runs': 'default',
      '/healthz': undefined,
      '/token?service=x': undefined,
    };
    for (const [url, tenant] of Object.entries(cases)) assert.equal(requestTenant(url), tenant, url);
  });

  test('beyond it 429 says when to come back, in the shape of each area, and others are served', async (t) => {
    const { url } = await start(t, { limiter: new RateLimiter(0.5, handClock()) });
    assert.equal((await fetch(`${url}/v2/acme/mirror/manifests/latest`)).status, 200);
    const registry = await fetch(`${url}/v2/acme/mirror/manifests/latest`);
    assert.deepEqual([registry.status, registry.headers.get('retry-after')], [429, '2']);
    const { errors } = (await registry.json()) as { errors: { code: string }[] };
    assert.equal(errors[0]?.code, 'TOOMANYREQUESTS');
    const api = await fetch(`${url}/api/v1/runs?tenant=acme`);
    assert.deepEqual([api.status, api.headers.get('retry-after')], [429, '2']);
    assert.equal(((await api.json()) as { code: string }).code, 'TOO_MANY_REQUESTS');
    assert.equal((await fetch(`${url}/v2/other/mirror/manifests/latest`)).status, 200);
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
  });
});

describe('a client that is too slow', () => {
  const soon = { headersTimeout: 100, connectionsCheckingInterval: 20 };

  test('with its headers is cut off', async (t) => {
    const { port } = await start(t, { timeouts: soon });
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
    // One byte now and then keeps the connection from being idle.
    const drip = setInterval(() => void socket.write('x'), 10);
    socket.resume();
    await closed(socket);
    clearInterval(drip);
  });

  test('with its body is cut off, however often a byte comes', async (t) => {
    const { port } = await start(t, { timeouts: { pace: { bytes: 60 << 10, everyMs: 50 } } });
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    socket.write('POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n');
    const drip = setInterval(() => void socket.write('x'), 5);
    socket.resume();
    await closed(socket);
    clearInterval(drip);
  });

  test('is told from one whose body is there and who waits for us', async (t) => {
    const waiting = Promise.withResolvers<void>();
    const api = {
      fetch: async (request: Request) => {
        await request.text();
        await waiting.promise;
        return new Response('done');
      },
    };
    let looks = 0;
    const pace = {
      everyMs: 10,
      get bytes() {
        looks += 1;
        return 60 << 10;
      },
    };
    const { url, port } = await start(t, { timeouts: { pace }, api });
    const answer = fetch(`${url}/api/v1/runs`, { method: 'POST', body: 'short' });
    // Another connection that is cut off tells that the watch has looked at both.
    const slow = connect(port, '127.0.0.1').on('error', () => undefined);
    slow.write('POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n');
    slow.resume();
    await closed(slow);
    assert.ok(looks > 0);
    waiting.resolve();
    assert.equal(await (await answer).text(), 'done');
  });
});

describe('a certificate that is renewed', () => {
  test('serves new connections, and one that cannot be used changes nothing', async (t) => {
    const [first, second] = [await temporaryFolder(t, 'tls-1'), await temporaryFolder(t, 'tls-2')];
    const [old, fresh] = [await privateAuthority(first), await privateAuthority(second)];
    const [certFile, keyFile] = [join(first, 'used.crt'), join(first, 'used.key')];
    await writeFile(certFile, old.cert);
    await writeFile(keyFile, old.key);
    const files = await TlsFiles.open(certFile, keyFile);
    const server = await start(t, { tls: files.pair });
    const lines: string[] = [];
    const log = createLog({ write: (line) => void lines.push(line), clock: systemClock, level: 'info' });
    const use = (): Promise<boolean> => files.look({ log, use: (pair) => server.renewTls(pair) });
    assert.equal(await greets(server, old.ca), true);
    assert.equal(await use(), false);
    // First the certificate, so that for a moment it does not belong to the key.
    await writeFile(certFile, fresh.cert);
    assert.equal(await use(), false);
    assert.match(lines.join(''), /stays as it was/);
    assert.equal(await greets(server, old.ca), true);
    await writeFile(`${keyFile}.new`, fresh.key);
    await rename(`${keyFile}.new`, keyFile);
    assert.equal(await use(), true);
    assert.deepEqual([await greets(server, fresh.ca), await greets(server, old.ca)], [true, false]);
    await rm(certFile);
    assert.equal(await use(), false);
    assert.equal(await greets(server, fresh.ca), true);
  });

  test('a server without TLS has none to renew', async (t) => {
    const server = await start(t);
    assert.throws(() => server.renewTls({ cert: '', key: '' }), { code: 'USAGE' });
  });
});

/** Waits for a connection to be gone, whether it was ended or reset. (`once` of node:events takes a reset for an error.) */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => void socket.once('close', () => resolve()));
}

/** Whether a client that trusts `ca` alone gets through the handshake. */
async function greets({ port }: RunningServer, ca: string): Promise<boolean> {
  const socket = connectTls({ host: '127.0.0.1', port, ca, servername: 'localhost' });
  try {
    await once(socket, 'secureConnect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
