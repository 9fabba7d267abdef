// The referrers tag of registries without the API, beside other writers and older programs.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { describe, type Descriptor } from '../../../src/oci/descriptor.ts';
import { emptyDescriptor, imageManifest, parseManifest, isIndex } from '../../../src/oci/manifest.ts';
import { mediaTypes } from '../../../src/oci/media-types.ts';
import type { Repository } from '../../../src/oci/repository.ts';
import { createHttp } from '../../../src/registry/client/http.ts';
import { remoteRepository } from '../../../src/registry/client/remote-repository.ts';
import { atEnd } from '../../support/scope.ts';
import { startHttpServer, type Handler } from './http-server.ts';

function open(t: TestContext, host: string): Repository {
  const http = createHttp({ env: {}, retryDelayMs: 2, retries: 6 });
  atEnd(t, () => http.close());
  return remoteRepository({ registry: host, repository: 'team/app' }, { http });
}

/** A registry without referrers API that keeps manifests in memory; `interfere` may change a tag after a write. */
function tagRegistry(interfere: (manifests: Map<string, Buffer>, path: string) => number | undefined): Handler {
  const manifests = new Map<string, Buffer>();
  return ({ method, path, body, headers }, response) => {
    const stored = manifests.get(path);
    const etag = stored ? `"${describe('', stored).digest}"` : '';
    if (!path.includes('/manifests/')) return void response.writeHead(404).end();
    if (method === 'PUT') {
      const status = interfere(manifests, path) ?? (headers['if-match'] && headers['if-match'] !== etag ? 412 : 201);
      if (status === 201) manifests.set(path, body);
      return void response.writeHead(status).end();
    }
    if (!stored) return void response.writeHead(404).end();
    const type = (JSON.parse(stored.toString()) as { mediaType: string }).mediaType;
    const head = { 'content-type': type, 'content-length': String(stored.length), etag };
    return void response.writeHead(200, head).end(method === 'HEAD' ? '' : stored);
  };
}

const other: Descriptor = {
  ...describe(mediaTypes.ociManifest, Buffer.from('{}')),
  artifactType: 'application/x.other',
};
const note = imageManifest({
  artifactType: 'application/vnd.test.note',
  config: emptyDescriptor,
  layers: [],
  subject: emptyDescriptor,
  annotations: { by: 'us' },
});
const indexBytes = (manifests: readonly Descriptor[]): Buffer =>
  Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
const fallback = `/v2/team/app/manifests/${emptyDescriptor.digest.replace(':', '-')}`;

test('what another writer adds to the fallback tag in between is kept, by If-Match', async (t) => {
  let interfered = false;
  const handler = tagRegistry((manifests, path) => {
    // The other writer is faster, just before our first write.
    if (path === fallback && !interfered) {
      interfered = true;
      manifests.set(path, indexBytes([other]));
      return 412;
    }
    return undefined;
  });
  const server = await startHttpServer(t, handler);
  const repository = open(t, server.host);
  await repository.pushManifest(note);
  const listed = await repository.referrers(emptyDescriptor.digest);
  assert.deepEqual(new Set(listed.map(({ digest }) => digest)), new Set([other.digest, note.descriptor.digest]));
  const ours = listed.find(({ digest }) => digest === note.descriptor.digest);
  assert.equal(ours?.artifactType, 'application/vnd.test.note');
  assert.deepEqual(ours?.annotations, { by: 'us' });
  assert.ok(server.seen.some(({ method, headers }) => method === 'PUT' && headers['if-match']?.startsWith('"sha256:')));
});

test('an entry that another writer overwrites is written again', async (t) => {
  let overwritten = false;
  let store: Map<string, Buffer> | undefined;
  const inner = tagRegistry((manifests) => {
    store = manifests;
    return undefined;
  });
  const server = await startHttpServer(t, async (request, response) => {
    await inner(request, response);
    // A writer that had read the tag before us writes after us.
    if (request.method === 'PUT' && request.path === fallback && !overwritten) {
      overwritten = true;
      store?.set(fallback, indexBytes([other]));
    }
  });
  const repository = open(t, server.host);
  await repository.pushManifest(note);
  assert.ok(overwritten);
  assert.deepEqual(
    (await repository.referrers(emptyDescriptor.digest)).map(({ digest }) => digest),
    [other.digest, note.descriptor.digest],
  );
});

test('a registry that sends OCI-Subject without having the API gets the fallback tag', async (t) => {
  const inner = tagRegistry(() => undefined);
  const server = await startHttpServer(t, (request, response) => {
    if (request.method === 'PUT') response.setHeader('oci-subject', emptyDescriptor.digest);
    return inner(request, response);
  });
  await open(t, server.host).pushManifest(note);
  const written = server.seen.findLast(({ method, path }) => method === 'PUT' && path === fallback);
  const index = parseManifest(written?.body ?? Buffer.alloc(0), mediaTypes.ociIndex);
  assert.deepEqual(isIndex(index) && index.manifests[0]?.digest, note.descriptor.digest);
});

test('entries that another program wrote wrong are put right with the next referrer, and when it is there already', async (t) => {
  const wrong = { ...note.descriptor, artifactType: mediaTypes.ociEmpty };
  const right = { ...note.descriptor, artifactType: 'application/vnd.test.note', annotations: { by: 'us' } };
  let store = new Map<string, Buffer>();
  const server = await startHttpServer(
    t,
    tagRegistry((manifests) => {
      store = manifests;
      return undefined;
    }),
  );
  const entries = (): Descriptor[] => {
    const { manifests } = JSON.parse(store.get(fallback)?.toString() ?? '') as { manifests: Descriptor[] };
    return manifests.sort((a, b) => (a.digest < b.digest ? -1 : 1));
  };
  await open(t, server.host).pushManifest(note);
  store.set(fallback, indexBytes([wrong]));
  await open(t, server.host).pushManifest(note);
  assert.deepEqual(entries(), [right]);
  store.set(fallback, indexBytes([wrong]));
  const second = imageManifest({
    artifactType: 'x/second',
    config: emptyDescriptor,
    layers: [],
    subject: emptyDescriptor,
  });
  await open(t, server.host).pushManifest(second);
  const added = { ...second.descriptor, artifactType: 'x/second' };
  assert.deepEqual(
    entries(),
    [right, added].sort((a, b) => (a.digest < b.digest ? -1 : 1)),
  );
});

test('entries that old cosign wrote without their type are found by it', async (t) => {
  const manifests = new Map([
    [fallback, indexBytes([{ ...note.descriptor, artifactType: mediaTypes.ociEmpty }])],
    [`/v2/team/app/manifests/${note.descriptor.digest}`, note.bytes],
  ]);
  const server = await startHttpServer(t, ({ path }, response) => {
    const stored = manifests.get(path);
    const { mediaType } = JSON.parse(stored?.toString() ?? '{}') as { mediaType?: string };
    response.writeHead(stored ? 200 : 404, { 'content-type': mediaType ?? 'text/plain' }).end(stored);
  });
  const found = await open(t, server.host).referrers(emptyDescriptor.digest, 'application/vnd.test.note');
  assert.deepEqual(found, [
    { ...note.descriptor, artifactType: 'application/vnd.test.note', annotations: { by: 'us' } },
  ]);
});
