// The download route: ranges that meet every boundary of the archive, conditions, refusals, and lost connections.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { describe as suite, it, type TestContext } from 'node:test';
import { openAccess, openOperatorToken } from '../../src/access/access.ts';
import { createApiApp } from '../../src/api/app.ts';
import { startServer } from '../../src/api/server.ts';
import { systemClock } from '../../src/core/clock.ts';
import { describe } from '../../src/oci/descriptor.ts';
import { emptyDescriptor, emptyJson, imageManifest } from '../../src/oci/manifest.ts';
import { createHealth } from '../../src/observe/health.ts';
import { silentLog } from '../../src/observe/log.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import { openDiskStorage } from '../../src/registry/storage/disk-storage.ts';
import type { RegistryStorage } from '../../src/registry/storage/storage.ts';
import { pushArtifact, pushReferrer } from '../registry/artifacts.ts';
import { mustRun } from '../support/run-program.ts';
import { atEnd } from '../support/scope.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { fakeCenter } from './fake-center.ts';

type Site = { readonly url: string; readonly token: string; readonly storage: RegistryStorage };

async function openSite(t: TestContext, options: { readonly isPublic: boolean } = { isPublic: true }): Promise<Site> {
  const dir = await temporaryFolder(t, 'download');
  const storage = await openDiskStorage(`${dir}/registry`, { clock: systemClock });
  const metrics = createMetrics();
  const access = await openAccess(dir, { clock: systemClock, anonymousPull: () => options.isPublic });
  const api = createApiApp({
    center: fakeCenter(),
    access,
    storage,
    health: createHealth(),
    metrics,
    log: silentLog,
    spoolDir: `${dir}/spool`,
    version: '1.2.3',
  });
  const registry = { handle: () => Promise.reject(new Error('no registry here')) };
  const server = await startServer({ listen: { host: '127.0.0.1', port: 0 }, registry, api, log: silentLog, metrics });
  atEnd(t, () => server.stop(0));
  return { url: server.url, token: await openOperatorToken(dir), storage };
}

const bundles = '/api/v1/bundles';

/** Without fetch's own ideas about conditions and caching. */
async function ask(
  { url }: Site,
  path: string,
  headers: OutgoingHttpHeaders = {},
  method = 'GET',
): Promise<{ readonly status: number; readonly headers: IncomingMessage['headers']; readonly body: Buffer }> {
  const [answer] = (await once(get(`${url}${path}`, { method, headers, agent: false }), 'response')) as [
    IncomingMessage,
  ];
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) };
}

suite('a download', () => {
  it('gives every range of the archive as it stands in the whole', async (t) => {
    const site = await openSite(t);
    const { descriptor } = await pushArtifact(site.storage.repository('acme/notes'), 'hello', ['v1']);
    await pushReferrer(site.storage.repository('acme/notes'), descriptor, 'a note');
    const { body: whole } = await ask(site, `${bundles}/acme/notes/v1.tar`);
    assert.equal(whole.length % 512, 0);
    const edges = Array.from({ length: whole.length / 512 }, (_, at) => at * 512);
    for (const start of [...edges, 1, 511, 700]) {
      for (const length of [1, 512, 1_000, whole.length]) {
        const end = Math.min(start + length, whole.length);
        const { status, headers, body } = await ask(site, `${bundles}/acme/notes/v1.tar`, {
          range: `bytes=${start}-${start + length - 1}`,
        });
        assert.equal(status, 206);
        assert.equal(headers['content-range'], `bytes ${start}-${end - 1}/${whole.length}`);
        assert.ok(body.equals(whole.subarray(start, end)), `${start}+${length}`);
      }
    }
    const beyond = await ask(site, `${bundles}/acme/notes/v1.tar`, { range: `bytes=${whole.length}-` });
    assert.deepEqual([beyond.status, beyond.headers['content-range']], [416, `bytes */${whole.length}`]);
  });

  it('tells its length by HEAD, spares those who have it, and starts over for those who have another', async (t) => {
    const site = await openSite(t);
    const repository = site.storage.repository('acme/notes');
    const { descriptor } = await pushArtifact(repository, 'hello', ['v1']);
    const path = `${bundles}/acme/notes/v1.tar`;
    const { headers, body } = await ask(site, path);
    const head = await ask(site, path, {}, 'HEAD');
    assert.deepEqual([head.status, head.headers['content-length'], head.body.length], [200, String(body.length), 0]);
    assert.equal(headers['content-type'], 'application/x-tar');
    const etag = headers.etag ?? '';
    assert.equal((await ask(site, path, { 'if-none-match': etag })).status, 304);
    assert.equal((await ask(site, path, { range: 'bytes=512-', 'if-range': etag })).status, 206);
    await pushReferrer(repository, descriptor, 'signed since');
    const since = await ask(site, path, { range: 'bytes=512-', 'if-range': etag });
    assert.deepEqual([since.status, since.headers.etag === etag], [200, false]);
    assert.ok(since.body.length > body.length);
  });

  it('is for those who may pull', async (t) => {
    const site = await openSite(t, { isPublic: false });
    await pushArtifact(site.storage.repository('acme/notes'), 'hello', ['v1']);
    const path = `${bundles}/acme/notes/v1.tar`;
    const stranger = await ask(site, path);
    assert.equal(stranger.status, 401);
    assert.equal(stranger.headers['content-type'], 'application/problem+json');
    assert.equal((await ask(site, path, { authorization: 'Bearer wrong' })).status, 401);
    const known = await ask(site, path, { authorization: `Bearer ${site.token}` });
    assert.equal(known.status, 200);
    assert.match(String(known.headers['cache-control']), /^private/);
  });

  it('of what is not there, or not whole, is refused before anything is sent', async (t) => {
    const site = await openSite(t);
    const repository = site.storage.repository('acme/notes');
    const { descriptor, bytes } = await pushArtifact(repository, 'hello', ['v1']);
    const layer = (JSON.parse(bytes.toString()) as { layers: { digest: typeof descriptor.digest }[] }).layers[0];
    for (const path of [
      'acme/notes/v2.tar',
      'acme/notes/v1',
      'ACME/notes/v1.tar',
      'v1.tar',
      '%zz/v1.tar',
      '..%2fx/v1.tar',
    ]) {
      assert.equal((await ask(site, `${bundles}/${path}`)).status, 404, path);
    }
    assert.ok(layer);
    await repository.deleteBlob(layer.digest);
    const torn = await ask(site, `${bundles}/acme/notes/v1.tar`);
    assert.equal(torn.status, 404);
    assert.match(torn.body.toString(), /is missing or has another size/);
  });

  it('of 256 MiB that breaks off goes on at the byte where it stopped', async (t) => {
    const site = await openSite(t);
    const repository = site.storage.repository('acme/large');
    const bytes = Buffer.alloc(256 << 20, 'a large blob, ');
    const layer = describe('application/octet-stream', bytes);
    await repository.pushBlob(layer, bytes);
    await repository.pushBlob(emptyDescriptor, emptyJson);
    await repository.pushManifest(imageManifest({ config: emptyDescriptor, layers: [layer] }), ['v1']);
    const path = `${bundles}/acme/large/v1.tar`;
    const head = await ask(site, path, {}, 'HEAD');
    const size = Number(head.headers['content-length']);
    const got = createHash('sha256');
    let received = 0;
    for (let tries = 0; received < size; tries++) {
      assert.ok(tries < 5);
      const headers = { range: `bytes=${received}-`, 'if-range': head.headers.etag };
      const [answer] = (await once(get(`${site.url}${path}`, { headers, agent: false }), 'response')) as [
        IncomingMessage,
      ];
      assert.equal(answer.statusCode, 206);
      const until = received + (100 << 20);
      for await (const chunk of answer as AsyncIterable<Buffer>) {
        got.update(chunk);
        received += chunk.length;
        // Leaving the loop cuts the connection.
        if (received > until) break;
      }
    }
    const { body: whole } = await ask(site, path);
    assert.equal(got.digest('hex'), createHash('sha256').update(whole).digest('hex'));
  });

  it('has room for digests that are longer than a tar’s names', async (t) => {
    const site = await openSite(t);
    const repository = site.storage.repository('acme/sha512');
    const bytes = Buffer.from('hashed with SHA-512');
    const digest = `sha512:${createHash('sha512').update(bytes).digest('hex')}`;
    const layer = { mediaType: 'text/plain', digest: digest as typeof emptyDescriptor.digest, size: bytes.length };
    await repository.pushBlob(layer, bytes);
    await repository.pushBlob(emptyDescriptor, emptyJson);
    await repository.pushManifest(imageManifest({ config: emptyDescriptor, layers: [layer] }), ['v1']);
    const { body } = await ask(site, `${bundles}/acme/sha512/v1.tar`);
    const name = `blobs/sha512/${digest.slice(7)}`;
    assert.equal(await mustRun('tar', ['-xOf', '-', name], { input: body }), bytes.toString());
  });
});
