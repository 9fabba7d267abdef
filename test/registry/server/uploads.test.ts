// Uploads over HTTP, and clients that go away in the middle.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, readlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { before, describe, it } from 'node:test';
import { describe as describeBytes } from '../../../src/oci/descriptor.ts';
import { startRegistry, type StartedRegistry } from '../start-registry.ts';
import { suiteScope } from '../suite-scope.ts';
import { ask, errorCodes, type RawAnswer } from './raw-http.ts';

const content = Buffer.alloc(5_000_000, 'uploaded in one way or another ');
const { digest } = describeBytes('application/octet-stream', content);

const scope = suiteScope();
let registry: StartedRegistry;
before(async () => void (registry = await startRegistry(scope)));

async function begin(name: string): Promise<string> {
  const answer = await ask(registry, 'POST', `/v2/${name}/blobs/uploads/`);
  assert.equal(answer.status, 202);
  assert.equal(answer.headers.range, '0-0');
  const { location } = answer.headers;
  assert.ok(location);
  return location;
}

function patch(location: string, from: number, to: number): Promise<RawAnswer> {
  const headers = { 'content-range': `${from}-${to - 1}`, 'content-type': 'application/octet-stream' };
  return ask(registry, 'PATCH', location, { headers, body: content.subarray(from, to) });
}

async function assertStored(name: string): Promise<void> {
  const { status, body } = await ask(registry, 'GET', `/v2/${name}/blobs/${digest}`);
  assert.equal(status, 200);
  assert.deepEqual(body, content);
}

describe('an upload', () => {
  it('goes in one request, in two, and as a stream of unknown length', async () => {
    const once = await ask(registry, 'POST', `/v2/up/one/blobs/uploads/?digest=${digest}`, { body: content });
    assert.deepEqual([once.status, once.headers.location], [201, `/v2/up/one/blobs/${digest}`]);
    await assertStored('up/one');
    const location = await begin('up/two');
    assert.equal(
      (await ask(registry, 'PUT', `${location}?digest=${encodeURIComponent(digest)}`, { body: content })).status,
      201,
    );
    await assertStored('up/two');
    const streamed = await begin('up/three');
    const chunked = { headers: { 'transfer-encoding': 'chunked' }, body: content };
    assert.equal((await ask(registry, 'PATCH', streamed, chunked)).headers.range, `0-${content.byteLength - 1}`);
    assert.equal((await ask(registry, 'PUT', `${streamed}?digest=${digest}`)).status, 201);
    await assertStored('up/three');
  });

  it('goes in chunks, and one out of order is refused with the place to go on at', async () => {
    const location = await begin('up/chunks');
    const early = await patch(location, 10, 20);
    assert.deepEqual([early.status, early.headers.range, early.headers.location], [416, '0-0', location]);
    assert.equal((await patch(location, 0, 2_000_000)).headers.range, '0-1999999');
    assert.equal((await patch(location, 0, 2_000_000)).status, 416);
    const status = await ask(registry, 'GET', location, { operator: true });
    assert.deepEqual([status.status, status.headers.range], [204, '0-1999999']);
    const headers = { 'content-range': `2000000-${content.byteLength - 1}` };
    const last = await ask(registry, 'PUT', `${location}?digest=${digest}`, {
      headers,
      body: content.subarray(2_000_000),
    });
    assert.equal(last.status, 201);
    await assertStored('up/chunks');
  });

  it('with a range that does not fit its body is refused', async () => {
    const location = await begin('up/odd');
    for (const range of ['0-5', 'x', '5-4', '-5']) {
      const headers = { 'content-range': range };
      const answer = await ask(registry, 'PATCH', location, { headers, body: 'four' });
      assert.deepEqual([answer.status, errorCodes(answer)], [400, ['BLOB_UPLOAD_INVALID']], range);
    }
  });

  it('of other bytes than the digest says is refused, and leaves nothing', async () => {
    const wrong = await ask(registry, 'POST', `/v2/up/wrong/blobs/uploads/?digest=${digest}`, { body: 'other' });
    assert.deepEqual([wrong.status, errorCodes(wrong)], [400, ['DIGEST_INVALID']]);
    const location = await begin('up/wrong');
    assert.equal((await ask(registry, 'PUT', location, { body: content })).status, 400);
    assert.equal((await ask(registry, 'PUT', `${location}?digest=sha256:x`, { body: content })).status, 400);
    assert.equal((await ask(registry, 'PUT', `${location}?digest=${digest}`, { body: 'other' })).status, 400);
    assert.equal((await ask(registry, 'HEAD', `/v2/up/wrong/blobs/${digest}`)).status, 404);
    const ended = await ask(registry, 'GET', location, { operator: true });
    assert.deepEqual([ended.status, errorCodes(ended)], [404, ['BLOB_UPLOAD_UNKNOWN']]);
  });

  it('is cancelled by DELETE', async () => {
    const location = await begin('up/cancel');
    assert.equal((await ask(registry, 'DELETE', location)).status, 204);
    assert.equal((await ask(registry, 'DELETE', location)).status, 404);
    assert.equal((await patch(location, 0, 10)).status, 404);
  });

  it('over the size limit is refused before its body is read', async () => {
    const location = await begin('up/huge');
    const socket = connect(registry.port, '127.0.0.1');
    const head = ['PATCH ' + location + ' HTTP/1.1', 'host: x', `authorization: ${registry.basic}`];
    socket.write([...head, `content-length: ${((10 * 1024 + 1) << 20) >>> 0}${'0'.repeat(3)}`, '', ''].join('\r\n'));
    const [first] = (await once(socket, 'data')) as [Buffer];
    assert.match(first.toString(), /^HTTP\/1\.1 413 /);
    socket.destroy();
  });

  it('that was cut off keeps what arrived, and goes on from there', async () => {
    const location = await begin('up/cut');
    const socket = connect(registry.port, '127.0.0.1');
    const head = ['PATCH ' + location + ' HTTP/1.1', 'host: x', `authorization: ${registry.basic}`];
    socket.write([...head, `content-length: ${content.byteLength}`, '', ''].join('\r\n'));
    socket.write(content.subarray(0, 3_000_000));
    const logged = registry.log.length;
    socket.resume().end();
    await once(socket, 'close');
    while (registry.log.length === logged) await new Promise((resolve) => setImmediate(resolve));
    const { headers } = await ask(registry, 'GET', location, { operator: true });
    assert.equal(headers.range, '0-2999999');
    assert.equal((await patch(location, 3_000_000, content.byteLength)).status, 202);
    assert.equal((await ask(registry, 'PUT', `${location}?digest=${digest}`)).status, 201);
    await assertStored('up/cut');
    assert.deepEqual(
      registry.log.filter((entry) => entry.error),
      [],
    );
  });
});

describe('a connection on which nothing moves', () => {
  it('is cut while a client reads nothing, and while it sends nothing, and no other one suffers', async (t) => {
    const impatient = await startRegistry(t, { stallMs: 100 });
    const huge = Buffer.alloc(64 << 20, 'more than the sockets hold ');
    const blob = describeBytes('application/octet-stream', huge);
    await impatient.storage.repository('down/one').pushBlob(blob, huge);
    const requests = [
      `GET /v2/down/one/blobs/${blob.digest} HTTP/1.1\r\nhost: x\r\n\r\n`,
      `POST /v2/up/one/blobs/uploads/?digest=${digest} HTTP/1.1\r\nhost: x\r\nauthorization: ${impatient.basic}\r\ncontent-length: 9\r\n\r\n`,
    ];
    for (const [index, request] of requests.entries()) {
      const socket = connect(impatient.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(request);
      while (impatient.log.length === index) await new Promise((resolve) => setImmediate(resolve));
      socket.destroy();
    }
    assert.deepEqual(
      impatient.log.filter((entry) => entry.error),
      [],
    );
    assert.equal((await ask(impatient, 'HEAD', `/v2/down/one/blobs/${blob.digest}`)).status, 200);
    assert.equal(await openFiles(impatient.folder), 0);
  });
});

describe('a download', () => {
  it('whose client goes away ends quietly, closes its file, and the others go on', async () => {
    const huge = Buffer.alloc(64 << 20, 'more than the sockets hold ');
    const blob = describeBytes('application/octet-stream', huge);
    await registry.storage.repository('down/one').pushBlob(blob, huge);
    const logged = registry.log.length;
    const clients = Array.from({ length: 20 }, async () => {
      const socket = connect(registry.port, '127.0.0.1');
      socket.write(`GET /v2/down/one/blobs/${blob.digest} HTTP/1.1\r\nhost: x\r\n\r\n`);
      await once(socket, 'data');
      socket.resetAndDestroy();
    });
    await Promise.all(clients);
    while (registry.log.length < logged + clients.length) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(
      registry.log.filter((entry) => entry.error),
      [],
    );
    assert.equal(await openFiles(registry.folder), 0);
    const { status } = await ask(registry, 'HEAD', `/v2/down/one/blobs/${blob.digest}`);
    assert.equal(status, 200);
  });
});

/** Files below `folder` that this process has open. */
async function openFiles(folder: string): Promise<number> {
  const names = await readdir('/proc/self/fd');
  const paths = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
  return paths.filter((path) => path.startsWith(folder)).length;
}
