// Two servers on one store, on a disk and in a bucket: what one is given the other gives, what one removes the other has
// no longer, and an upload begun at one goes on at the other.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../../src/core/clock.ts';
import { openDiskStorage } from '../../../src/registry/storage/disk-storage.ts';
import type { RegistryStorage } from '../../../src/registry/storage/storage.ts';
import { skipWithout } from '../../judges.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { startRegistry, type StartedRegistry } from '../start-registry.ts';
import { bucketForSuite } from './s3/open-bucket.ts';

type Open = () => Promise<RegistryStorage>;

const name = 'default/shared';
const manifestType = 'application/vnd.oci.image.manifest.v1+json';

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

async function ask(
  server: StartedRegistry,
  method: string,
  path: string,
  body?: Buffer,
  headers: Record<string, string> = {},
): Promise<Response> {
  const url = new URL(path, server.url);
  const authorization = server.basic;
  return fetch(url, {
    method,
    headers: { authorization, ...headers },
    ...(body ? { body: new Uint8Array(body) } : {}),
  });
}

async function pushBlob(server: StartedRegistry, bytes: Buffer): Promise<string> {
  const digest = digestOf(bytes);
  const pushed = await ask(server, 'POST', `/v2/${name}/blobs/uploads/?digest=${digest}`, bytes);
  assert.equal(pushed.status, 201);
  return digest;
}

async function pushManifest(server: StartedRegistry, text: string, tag: string): Promise<string> {
  const [config, layer] = [Buffer.from('{}'), Buffer.from(text)];
  for (const bytes of [config, layer]) await pushBlob(server, bytes);
  const described = (mediaType: string, bytes: Buffer) => ({ mediaType, digest: digestOf(bytes), size: bytes.length });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: described('application/vnd.oci.empty.v1+json', config),
      layers: [described('text/plain', layer)],
    }),
  );
  const path = `/v2/${name}/manifests/${tag}`;
  const pushed = await ask(server, 'PUT', path, manifest, { 'content-type': manifestType });
  assert.equal(pushed.status, 201);
  return digestOf(manifest);
}

async function statusOf(server: StartedRegistry, path: string): Promise<number> {
  const answer = await ask(server, 'GET', `/v2/${name}/${path}`);
  await answer.arrayBuffer();
  return answer.status;
}

function suite(place: (t: TestContext) => Promise<Open>): void {
  async function start(t: TestContext): Promise<[StartedRegistry, StartedRegistry]> {
    const open = await place(t);
    return [await startRegistry(t, { storage: await open() }), await startRegistry(t, { storage: await open() })];
  }

  it('give and remove the same', async (t) => {
    const [one, other] = await start(t);
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      const blob = await pushBlob(from, Buffer.from(`blob at ${from.port}`));
      const manifest = await pushManifest(from, `layer at ${from.port}`, 'moving');
      assert.equal(await statusOf(to, `blobs/${blob}`), 200);
      const tagged = await ask(to, 'GET', `/v2/${name}/manifests/moving`);
      assert.equal(digestOf(Buffer.from(await tagged.arrayBuffer())), manifest);
      // Read at both, so that both have it in memory.
      assert.equal(await statusOf(from, `manifests/${manifest}`), 200);
      assert.equal((await ask(to, 'DELETE', `/v2/${name}/manifests/${manifest}`)).status, 202);
      assert.equal((await ask(to, 'DELETE', `/v2/${name}/blobs/${blob}`)).status, 202);
      for (const server of [from, to]) {
        assert.equal(await statusOf(server, `manifests/${manifest}`), 404);
        assert.equal(await statusOf(server, 'manifests/moving'), 404);
        assert.equal(await statusOf(server, `blobs/${blob}`), 404);
      }
    }
  });

  it('take turns at one upload', async (t) => {
    const [one, other] = await start(t);
    const bytes = Buffer.alloc(7_000_000, 'an upload that changes servers ');
    const begun = await ask(one, 'POST', `/v2/${name}/blobs/uploads/`);
    const location = begun.headers.get('location') ?? '';
    for (const [server, from, to] of [
      [one, 0, 1_000_000],
      [other, 1_000_000, 6_500_000],
      [one, 6_500_000, 7_000_000],
    ] as const) {
      const range = { 'content-range': `${from}-${to - 1}`, 'content-type': 'application/octet-stream' };
      const answer = await ask(server, 'PATCH', location, bytes.subarray(from, to), range);
      assert.equal(answer.status, 202);
      assert.equal(answer.headers.get('range'), `0-${to - 1}`);
    }
    const ended = await ask(other, 'PUT', `${location}?digest=${digestOf(bytes)}`);
    assert.equal(ended.status, 201);
    const read = await ask(one, 'GET', `/v2/${name}/blobs/${digestOf(bytes)}`, undefined, { range: 'bytes=6999990-' });
    assert.equal(read.status, 206);
    assert.deepEqual(Buffer.from(await read.arrayBuffer()), bytes.subarray(6_999_990));
  });

  it('are given the same blobs and tags at the same time, and both have them', async (t) => {
    const servers = await start(t);
    const texts = Array.from({ length: 8 }, (_, i) => `pushed twice ${i}`);
    const pushes = texts.flatMap((text, i) => servers.map((server) => pushManifest(server, text, `t${i}`)));
    const digests = await Promise.all(pushes);
    assert.equal(new Set(digests).size, texts.length);
    for (const server of servers) {
      for (const digest of digests) assert.equal(await statusOf(server, `manifests/${digest}`), 200);
    }
  });
}

describe('two servers on one folder', () =>
  suite(async (t) => {
    const folder = await temporaryFolder(t, 'shared');
    return () => openDiskStorage(folder, { clock: systemClock });
  }));

describe('two servers on one bucket', { skip: skipWithout('versitygw') }, () => {
  const bucket = bucketForSuite();
  let count = 0;
  suite(() => {
    const place = `shared-${count++}`;
    return Promise.resolve(() => bucket.open({ name: place }));
  });
});
