// Pushing to real registries through a line that breaks, and to ones that refuse.

import assert from 'node:assert/strict';
import { describe as suite, test, type TestContext } from 'node:test';
import { describe, type Descriptor } from '../../../src/oci/descriptor.ts';
import { emptyDescriptor, emptyJson, imageManifest } from '../../../src/oci/manifest.ts';
import type { Repository } from '../../../src/oci/repository.ts';
import { createHttp } from '../../../src/registry/client/http.ts';
import { remoteRepository, type RemoteOptions } from '../../../src/registry/client/remote-repository.ts';
import { skipWithout } from '../../judges.ts';
import { startDistribution } from '../../support/distribution.ts';
import { atEnd } from '../../support/scope.ts';
import { startRegistry } from '../start-registry.ts';
import { collect, expectError } from './expect-error.ts';
import { startFaultProxy, type Passed } from './fault-proxy.ts';
import { answer, startHttpServer } from './http-server.ts';

const MiB = 1 << 20;

function open(t: TestContext, host: string, options: Partial<RemoteOptions> = {}): Repository {
  const http = createHttp({ env: {}, retryDelayMs: 2, retries: 6 });
  atEnd(t, () => http.close());
  return remoteRepository({ registry: host, repository: 'team/app' }, { http, ...options });
}

/** Bytes that differ from place to place, so that a piece in the wrong place would show. */
function patterned(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at + 4 <= size; at += 4) bytes.writeUInt32LE((at * 2_654_435_761) >>> 0, at);
  return bytes;
}

const methods = (passed: readonly Passed[]): string => passed.map(({ method }) => method).join(' ');

/** The registries that uploads are tried on; each gives its host and what it takes to write there. */
const targets: readonly {
  name: string;
  skip: string | false;
  start: (t: TestContext) => Promise<{ host: string; options: (proxied: string) => Partial<RemoteOptions> }>;
}[] = [
  {
    name: 'CNCF distribution',
    skip: skipWithout('registry'),
    start: async (t) => ({ host: (await startDistribution(t)).host, options: () => ({}) }),
  },
  {
    name: 'our own registry',
    skip: false,
    start: async (t) => {
      const { host, token } = await startRegistry(t);
      const find = (): Promise<object> => Promise.resolve({});
      return { host, options: () => ({ credentials: { tokenFor: () => token, find } }) };
    },
  },
];

for (const { name, skip, start } of targets) {
  suite(`uploads to ${name}`, { skip, concurrency: 1 }, () => {
    test('a small blob is one HEAD, one POST and one PUT', async (t) => {
      const { host, options } = await start(t);
      const proxy = await startFaultProxy(t, host);
      const bytes = patterned(1000);
      const blob = describe('application/octet-stream', bytes);
      const repository = open(t, proxy.host, options(proxy.host));
      assert.equal(await repository.pushBlob(blob, bytes), 'written');
      assert.equal(methods(proxy.passed), 'HEAD POST PUT');
      assert.equal(await repository.pushBlob(blob, bytes), 'present');
    });

    test('a blob above 64 MiB goes in chunks', async (t) => {
      const { host, options } = await start(t);
      const proxy = await startFaultProxy(t, host);
      const bytes = patterned(65 * MiB);
      const blob = describe('application/octet-stream', bytes);
      const repository = open(t, proxy.host, options(proxy.host));
      await repository.pushBlob(blob, bytes);
      assert.equal(methods(proxy.passed), 'HEAD POST PATCH PATCH PATCH PATCH PATCH PUT');
      assert.equal(await repository.statBlob(blob.digest), bytes.length);
    });

    test('an upload in one piece that is cut goes on in chunks', async (t) => {
      const { host, options } = await start(t);
      let cuts = 0;
      const cutOnce = ({ method }: Passed): { after: number } | undefined =>
        method === 'PUT' && cuts++ === 0 ? { after: 3 * MiB } : undefined;
      const proxy = await startFaultProxy(t, host, cutOnce);
      const bytes = patterned(20 * MiB);
      const blob = describe('application/octet-stream', bytes);
      const repository = open(t, proxy.host, options(proxy.host));
      assert.equal(await repository.pushBlob(blob, bytes), 'written');
      assert.deepEqual(await collect(repository.openBlob(blob)), bytes);
      assert.match(methods(proxy.passed), /^HEAD POST PUT HEAD POST PATCH PATCH PUT/);
    });

    test('a chunk that is cut goes on where the registry says it is', async (t) => {
      const { host, options } = await start(t);
      let patches = 0;
      const cutSecond = ({ method }: Passed): { after: number } | undefined =>
        method === 'PATCH' && ++patches === 2 ? { after: 9 * MiB } : undefined;
      const proxy = await startFaultProxy(t, host, cutSecond);
      const bytes = patterned(65 * MiB);
      const blob = describe('application/octet-stream', bytes);
      const repository = open(t, proxy.host, options(proxy.host));
      assert.equal(await repository.pushBlob(blob, bytes), 'written');
      assert.deepEqual(await collect(repository.openBlob(blob)), bytes);
      const sent = proxy.passed.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0);
      t.diagnostic(`${methods(proxy.passed)}: ${sent - bytes.length} bytes sent twice`);
      // Some of the chunk that broke may be sent again, but no upload is begun anew.
      assert.equal(proxy.passed.filter(({ method }) => method === 'POST').length, 1);
    });

    test('a blob of a sister repository is mounted, not sent', async (t) => {
      const { host, options } = await start(t);
      const proxy = await startFaultProxy(t, host);
      const bytes = patterned(1000);
      const blob = describe('application/octet-stream', bytes);
      await open(t, host, options(host)).pushBlob(blob, bytes);
      const http = createHttp({ env: {} });
      atEnd(t, () => http.close());
      const sister = remoteRepository(
        { registry: proxy.host, repository: 'team/sister' },
        { http, mountFrom: 'team/app', ...options(proxy.host) },
      );
      assert.equal(await sister.pushBlob(blob, bytes), 'present');
      assert.equal(methods(proxy.passed), 'HEAD POST');
      assert.equal(await sister.statBlob(blob.digest), 1000);
    });

    test('writers of one client lose no referrer', async (t) => {
      const { host, options } = await start(t);
      const repository = open(t, host, options(host));
      const { subject, referrers } = await pushReferrers(repository, 8);
      const listed = await repository.referrers(subject.digest, 'application/vnd.test.note');
      assert.deepEqual(new Set(listed.map(({ digest }) => digest)), new Set(referrers));
    });
  });
}

async function pushReferrers(
  repository: Repository,
  count: number,
): Promise<{ subject: Descriptor; referrers: string[] }> {
  await repository.pushBlob(emptyDescriptor, emptyJson);
  const artifact = { config: emptyDescriptor, layers: [emptyDescriptor] };
  const subject = imageManifest({ ...artifact, artifactType: 'application/vnd.test.subject' });
  await repository.pushManifest(subject);
  const referrers = Array.from({ length: count }, (_, n) =>
    imageManifest({
      ...artifact,
      artifactType: 'application/vnd.test.note',
      subject: subject.descriptor,
      annotations: { n: String(n) },
    }),
  );
  await Promise.all(referrers.map((referrer) => repository.pushManifest(referrer)));
  return { subject: subject.descriptor, referrers: referrers.map(({ descriptor }) => descriptor.digest) };
}

const note = imageManifest({
  artifactType: 'application/vnd.test.note',
  config: emptyDescriptor,
  layers: [],
  subject: emptyDescriptor,
  annotations: { by: 'us' },
});
test('refusals name the host, the operation, the code of the registry and the rule', async (t) => {
  const cases = [
    { status: 401, code: 'UNAUTHORIZED', hint: /oras login localhost/ },
    { status: 403, code: 'DENIED', hint: /log in/ },
    { status: 405, code: 'REGISTRY_REFUSED', hint: /500 layers/ },
    { status: 413, code: 'REGISTRY_REFUSED', hint: /size/ },
    { status: 429, code: 'REGISTRY_REFUSED', hint: /later/ },
    { status: 503, code: 'UNREACHABLE', hint: /log says more/ },
  ] as const;
  const body = JSON.stringify({ errors: [{ code: 'SOME_CODE', message: 'some words', detail: 'and more' }] });
  for (const { status, code, hint } of cases) {
    const refuse = answer(status, body);
    const server = await startHttpServer(t, (request, response) =>
      request.method === 'HEAD' ? void response.writeHead(404).end() : refuse(request, response),
    );
    const error = await expectError(open(t, server.host).pushManifest(note), code);
    assert.match(error.message, /^localhost:\d+ refuses to take manifest .* into team\/app: status \d+ SOME_CODE: /);
    assert.match(error.message, /some words \(and more\)$/);
    assert.match(error.hint ?? '', hint);
  }
});

test('credentials do not follow an upload to another host', async (t) => {
  const store = await startHttpServer(t, answer(201));
  const server = await startHttpServer(t, ({ method }, response) => {
    const location = `http://127.0.0.1:${store.port}/upload?state=x`;
    response.writeHead(method === 'HEAD' ? 404 : 202, { location }).end();
  });
  const credentials = { tokenFor: () => 'secret', find: () => Promise.resolve({}) };
  const bytes = Buffer.from('content');
  const blob = describe('text/plain', bytes);
  await open(t, server.host, { credentials }).pushBlob(blob, bytes);
  assert.equal(server.seen[0]?.headers.authorization, 'Bearer secret');
  assert.equal(store.seen[0]?.headers.authorization, undefined);
  assert.equal(store.seen[0]?.path, `/upload?state=x&digest=${encodeURIComponent(blob.digest)}`);
  assert.deepEqual(store.seen[0]?.body, bytes);
});
