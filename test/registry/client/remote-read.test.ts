// Reading from registries that cut, lie and stall: resumption to the byte, verification, bounded patience.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { digestOf } from '../../../src/core/digest.ts';
import { describe } from '../../../src/oci/descriptor.ts';
import type { Repository } from '../../../src/oci/repository.ts';
import { downloadBlob } from '../../../src/registry/client/download-blob.ts';
import { createHttp, type HttpOptions } from '../../../src/registry/client/http.ts';
import { remoteRepository } from '../../../src/registry/client/remote-repository.ts';
import { atEnd } from '../../support/scope.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { makeCertificates } from './certificates.ts';
import { collect, expectError } from './expect-error.ts';
import { answer, inOrder, startHttpServer, type Handler, type Seen } from './http-server.ts';

const content = randomBytes(300_000);
const blob = describe('application/octet-stream', content);

function openRepository(t: TestContext, host: string, options: HttpOptions = {}): Repository {
  const http = createHttp({ env: {}, retryDelayMs: 1, retries: 3, ...options });
  atEnd(t, () => http.close());
  return remoteRepository({ registry: host, repository: 'team/app' }, { http });
}

function firstByte(request: Seen): number {
  return Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
}

/** Serves the blob as a good registry does; `send` may break that. */
function serve(
  send: (response: ServerResponse, rest: Buffer) => void = (response, rest) => response.end(rest),
): Handler {
  return (request, response) => {
    const from = firstByte(request);
    const rest = content.subarray(from);
    const range = { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` };
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': String(rest.length), etag: '"b1"', ...range });
    send(response, rest);
  };
}

function cutAfter(bytes: number): Handler {
  return serve((response, rest) => response.write(rest.subarray(0, bytes), () => response.socket?.end()));
}

/** Sends so many bytes and cuts the connection when the test has seen them arrive. */
function cutOnceSeen(bytes: number): { handler: Handler; cut: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const handler = serve((response, rest) => {
    response.write(rest.subarray(0, bytes));
    void promise.then(() => response.destroy());
  });
  return { handler, cut: resolve };
}

test('a blob whose connection is cut again and again arrives whole, each byte once', async (t) => {
  const [first, second] = [cutOnceSeen(100_000), cutOnceSeen(70_000)];
  const server = await startHttpServer(t, inOrder(first.handler, second.handler, serve()));
  let counted = 0;
  const repository = openRepository(t, server.host, { onBytes: (count) => (counted += count) });
  const chunks: Buffer[] = [];
  let arrived = 0;
  for await (const chunk of repository.openBlob(blob)) {
    chunks.push(chunk);
    arrived += chunk.length;
    if (arrived === 100_000) first.cut();
    if (arrived === 170_000) second.cut();
  }
  assert.deepEqual(Buffer.concat(chunks), content);
  assert.equal(counted, content.length);
  assert.deepEqual(
    server.seen.map(({ headers }) => [headers.range, headers['if-range']]),
    [
      [undefined, undefined],
      ['bytes=100000-', '"b1"'],
      ['bytes=170000-', '"b1"'],
    ],
  );
});

test('a blob that never makes progress is given up', async (t) => {
  const server = await startHttpServer(t, cutAfter(0));
  const error = await expectError(collect(openRepository(t, server.host).openBlob(blob)), 'UNREACHABLE');
  assert.equal(error.retryable, true);
  assert.equal(server.seen.length, 4);
});

test('a server that ignores Range costs bytes and nothing else', async (t) => {
  const whole: Handler = (_, response) => void response.writeHead(200).end(content);
  const server = await startHttpServer(t, inOrder(cutAfter(100_000), whole));
  assert.deepEqual(await collect(openRepository(t, server.host).openBlob(blob)), content);
  const tail = await collect(openRepository(t, server.host).openBlob(blob, 250_000));
  assert.deepEqual(tail, content.subarray(250_000));
});

test('another range than was asked for is refused', async (t) => {
  const wrong: Handler = (_, response) => {
    response.writeHead(206, { 'content-range': `bytes 0-${content.length - 1}/${content.length}` }).end(content);
  };
  const server = await startHttpServer(t, wrong);
  await expectError(collect(openRepository(t, server.host).openBlob(blob, 5)), 'DIGEST_MISMATCH');
});

test('wrong bytes, short bytes and long bytes are refused', async (t) => {
  const wrong = Buffer.from(content);
  wrong[200_000] = (wrong[200_000] ?? 0) ^ 1;
  const chunked = (bytes: Buffer): Handler => {
    return (_, response) => {
      response.write(bytes);
      response.end();
    };
  };
  const short = content.subarray(0, 299_999);
  const long = Buffer.concat([content, Buffer.from('x')]);
  for (const bad of [answer(200, 'tiny'), chunked(wrong), chunked(short), chunked(long)]) {
    const server = await startHttpServer(t, bad);
    await expectError(collect(openRepository(t, server.host).openBlob(blob)), 'DIGEST_MISMATCH');
  }
});

test('a blob that is not there is not found', async (t) => {
  const body = JSON.stringify({ errors: [{ code: 'BLOB_UNKNOWN', message: 'blob unknown' }] });
  const server = await startHttpServer(t, answer(404, body));
  const error = await expectError(collect(openRepository(t, server.host).openBlob(blob)), 'NOT_FOUND');
  assert.match(error.message, /BLOB_UNKNOWN: blob unknown/);
});

test('what a refusing registry writes reaches the terminal without control characters', async (t) => {
  const body = JSON.stringify({ errors: [{ code: 'DENIED', message: '\u001b[31mred\nline' }] });
  const server = await startHttpServer(t, answer(403, body));
  const error = await expectError(collect(openRepository(t, server.host).openBlob(blob)), 'DENIED');
  assert.match(error.message, /DENIED: \[31mred line$/);
  assert.match(error.hint ?? '', /oras login localhost:/);
});

test('a download goes on in another process at the byte where the last one ended', async (t) => {
  const dir = await temporaryFolder(t, 'download');
  const file = join(dir, 'blob');
  const { handler, cut } = cutOnceSeen(120_000);
  const breaking = await startHttpServer(t, handler);
  let arrived = 0;
  const onBytes = (count: number): void => {
    arrived += count;
    if (arrived === 120_000) cut();
  };
  const first = downloadBlob(openRepository(t, breaking.host, { retries: 0 }), blob, file, { onBytes });
  await expectError(first, 'UNREACHABLE');
  assert.equal((await stat(`${file}.part`)).size, 120_000);
  const server = await startHttpServer(t, serve());
  let written = 0;
  await downloadBlob(openRepository(t, server.host), blob, file, { onBytes: (count) => (written += count) });
  assert.equal(server.seen[0]?.headers.range, 'bytes=120000-');
  assert.equal(written, content.length - 120_000);
  assert.deepEqual(await readFile(file), content);
  assert.equal(existsSync(`${file}.part`), false);
});

test('a part that is whole is verified and named without asking the registry', async (t) => {
  const dir = await temporaryFolder(t, 'download');
  const file = join(dir, 'blob');
  await writeFile(join(dir, 'waiting'), content);
  const server = await startHttpServer(t, answer(500));
  await downloadBlob(openRepository(t, server.host), blob, file, { part: join(dir, 'waiting') });
  assert.equal(server.seen.length, 0);
  assert.deepEqual(await readFile(file), content);
});

test('a part that is no beginning of the blob is thrown away and fetched again', async (t) => {
  const dir = await temporaryFolder(t, 'download');
  const file = join(dir, 'blob');
  for (const part of [Buffer.alloc(1000), Buffer.alloc(content.length), Buffer.alloc(content.length + 5)]) {
    await writeFile(`${file}.part`, part);
    const server = await startHttpServer(t, serve());
    await downloadBlob(openRepository(t, server.host), blob, file);
    assert.deepEqual(await readFile(file), content);
  }
});

test('a download of wrong bytes leaves neither file nor part', async (t) => {
  const dir = await temporaryFolder(t, 'download');
  const file = join(dir, 'blob');
  const server = await startHttpServer(t, answer(200, 'x'.repeat(content.length)));
  await expectError(downloadBlob(openRepository(t, server.host), blob, file), 'DIGEST_MISMATCH');
  assert.equal(existsSync(file) || existsSync(`${file}.part`), false);
});

test('a cancelled download keeps its part', async (t) => {
  const dir = await temporaryFolder(t, 'download');
  const file = join(dir, 'blob');
  const server = await startHttpServer(t, serve());
  const controller = new AbortController();
  const options = { signal: controller.signal, onBytes: () => controller.abort() };
  await expectError(downloadBlob(openRepository(t, server.host), blob, file, options), 'CANCELLED');
  assert.ok((await stat(`${file}.part`)).size > 0);
});

const manifest = Buffer.from('{"schemaVersion":2}');
const manifestType = 'application/vnd.oci.image.manifest.v1+json';

test('a manifest with other bytes than its digest is refused', async (t) => {
  const server = await startHttpServer(t, answer(200, manifest.toString(), { 'content-type': manifestType }));
  const repository = openRepository(t, server.host);
  await expectError(repository.manifest(digestOf('something else')), 'DIGEST_MISMATCH');
  const tagged = await repository.manifest('latest');
  assert.equal(tagged?.descriptor.digest, digestOf(manifest));
});

test('this machine is asked without TLS, unless an authority of its own is trusted and TLS answers', async (t) => {
  const certificates = await makeCertificates(t);
  if (!certificates) return;
  const serveManifest = answer(200, manifest.toString(), { 'content-type': manifestType });
  const secure = await startHttpServer(t, serveManifest, certificates);
  const plain = await startHttpServer(t, serveManifest);
  for (const { host } of [secure, plain]) {
    const found = await openRepository(t, host, { ca: certificates.ca }).manifest('latest');
    assert.equal(found?.descriptor.digest, digestOf(manifest));
  }
  assert.equal(plain.seen.length, 1);
});

test('a manifest whose digest header contradicts its bytes is refused', async (t) => {
  const headers = { 'content-type': manifestType, 'docker-content-digest': digestOf('other') };
  const server = await startHttpServer(t, answer(200, manifest.toString(), headers));
  await expectError(openRepository(t, server.host).manifest('latest'), 'DIGEST_MISMATCH');
});

test('a registry that leaves headers out of HEAD is asked with GET', async (t) => {
  const server = await startHttpServer(t, answer(200, manifest.toString(), { 'content-type': manifestType }));
  const found = await openRepository(t, server.host).resolve('latest');
  assert.deepEqual(found, { mediaType: manifestType, digest: digestOf(manifest), size: manifest.length });
  assert.deepEqual(
    server.seen.map(({ method }) => method),
    ['HEAD', 'GET'],
  );
});

test('a manifest above 4 MiB is refused before it fills the memory', async (t) => {
  const server = await startHttpServer(t, (_, response) => {
    response.writeHead(200, { 'content-type': manifestType });
    response.end(Buffer.alloc(5 << 20, 0x20));
  });
  await expectError(openRepository(t, server.host).manifest('latest'), 'INPUT_TOO_LARGE');
});

test('pages of tags are followed, sorted, and never to another server', async (t) => {
  const other = await startHttpServer(t, answer(200, '{"tags":["stolen"]}'));
  const server = await startHttpServer(t, (request, response) => {
    const second = request.path.includes('last=b');
    const next = second ? `http://127.0.0.1:${other.port}/v2/team/app/tags/list` : '/v2/team/app/tags/list?n=2&last=b';
    response.writeHead(200, { link: `<${next}>; rel="next"` });
    response.end(JSON.stringify({ name: 'team/app', tags: second ? ['a'] : ['c', 'b'] }));
  });
  assert.deepEqual(await openRepository(t, server.host).tags(), ['a', 'b', 'c']);
  assert.equal(other.seen.length, 0);
});

test('a repository that does not exist has no tags and no manifests', async (t) => {
  const server = await startHttpServer(t, answer(404, '{"errors":[{"code":"NAME_UNKNOWN"}]}'));
  const repository = openRepository(t, server.host);
  assert.deepEqual(await repository.tags(), []);
  assert.equal(await repository.resolve('latest'), undefined);
  assert.equal(await repository.manifest('latest'), undefined);
  assert.equal(await repository.statBlob(blob.digest), undefined);
  assert.deepEqual(await repository.referrers(blob.digest), []);
});
