// A front before CNCF distribution, over HTTP: what it keeps, what it asks for again, what it refuses, and what it does
// when the upstream is away or gives wrong bytes.

import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { systemClock } from '../../../../src/core/clock.ts';
import { digestHex } from '../../../../src/core/digest.ts';
import { describe as descriptorOf } from '../../../../src/oci/descriptor.ts';
import { createHttp, type Http } from '../../../../src/registry/client/http.ts';
import { remoteRepository } from '../../../../src/registry/client/remote-repository.ts';
import { openFrontStorage } from '../../../../src/registry/storage/front/front-storage.ts';
import { scrub } from '../../../../src/registry/storage/scrub.ts';
import { sweep } from '../../../../src/registry/storage/sweep.ts';
import type { Repository } from '../../../../src/oci/repository.ts';
import { skipWithout } from '../../../judges.ts';
import { startDistribution, type Distribution } from '../../../support/distribution.ts';
import { atEnd, type Scope } from '../../../support/scope.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { startFaultProxy, type FaultProxy } from '../../client/fault-proxy.ts';
import { startHttpServer } from '../../client/http-server.ts';
import { startRegistry, type StartedRegistry } from '../../start-registry.ts';
import { layerOf, pushArtifact } from '../artifacts.ts';

type World = {
  readonly distribution: Distribution;
  /** Counts what the front asks for. */
  readonly proxy: FaultProxy;
  readonly behind: Repository;
  readonly front: StartedRegistry;
  readonly folder: string;
};

const repository = 'default/mirror';

async function startFront(
  t: Scope,
  registry: string,
  prefix = 'team',
): Promise<{ front: StartedRegistry; folder: string; http: Http }> {
  const folder = await temporaryFolder(t, 'front');
  const http = createHttp({ env: {}, retries: 0 });
  atEnd(t, () => http.close());
  const storage = await openFrontStorage({ upstream: { registry, prefix }, folder, http, clock: systemClock });
  return { front: await startRegistry(t, { storage }), folder, http };
}

async function openWorld(t: Scope): Promise<World> {
  const distribution = await startDistribution(t);
  const proxy = await startFaultProxy(t, distribution.host);
  const { front, folder, http } = await startFront(t, proxy.host);
  const behind = remoteRepository({ registry: distribution.host, repository: `team/${repository}` }, { http });
  return { distribution, proxy, behind, front, folder };
}

function get(front: StartedRegistry, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${front.url}/v2/${repository}/${path}`, init);
}

async function bodyOf(front: StartedRegistry, path: string): Promise<Buffer> {
  const answer = await get(front, path);
  assert.equal(answer.status, 200);
  return Buffer.from(await answer.arrayBuffer());
}

function asked(proxy: FaultProxy, part: string): number {
  return proxy.passed.filter(({ path, method }) => path.includes(part) && method === 'GET').length;
}

describe('a front', { skip: skipWithout('registry') }, () => {
  it('fetches content once, and asks for a tag each time', async (t) => {
    const { behind, front, proxy } = await openWorld(t);
    const first = await pushArtifact(behind, 'first', { tags: ['latest'] });
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(await bodyOf(front, 'manifests/latest'), first.bytes);
      assert.deepEqual(await bodyOf(front, `manifests/${first.descriptor.digest}`), first.bytes);
      assert.equal((await bodyOf(front, `blobs/${layerOf('first').digest}`)).toString(), 'first');
    }
    assert.equal(asked(proxy, `manifests/${first.descriptor.digest}`), 1);
    assert.equal(asked(proxy, `blobs/${layerOf('first').digest}`), 1);
    const second = await pushArtifact(behind, 'second', { tags: ['latest'] });
    assert.deepEqual(await bodyOf(front, 'manifests/latest'), second.bytes);
  });

  it('answers out of its cache while the upstream is away, and says so about the rest', async (t) => {
    const { behind, front, distribution } = await openWorld(t);
    const cached = await pushArtifact(behind, 'cached', { tags: ['latest', 'never-asked-for'] });
    const note = await pushArtifact(behind, 'note', { subject: cached });
    // As most clients do it: the tag's digest first, then the manifest by it.
    assert.equal((await get(front, 'manifests/latest', { method: 'HEAD' })).status, 200);
    await bodyOf(front, `referrers/${cached.descriptor.digest}`);
    await bodyOf(front, `manifests/${cached.descriptor.digest}`);
    await bodyOf(front, `blobs/${layerOf('cached').digest}`);
    await bodyOf(front, `manifests/${note.descriptor.digest}`);
    await distribution.program.stop();
    for (let i = 0; i < 2; i++) {
      assert.deepEqual(await bodyOf(front, 'manifests/latest'), cached.bytes);
      assert.equal((await bodyOf(front, `blobs/${layerOf('cached').digest}`)).toString(), 'cached');
      const referrers = JSON.parse((await bodyOf(front, `referrers/${cached.descriptor.digest}`)).toString()) as {
        manifests: { digest: string }[];
      };
      assert.deepEqual(
        referrers.manifests.map(({ digest }) => digest),
        [note.descriptor.digest],
      );
      assert.deepEqual(JSON.parse((await bodyOf(front, 'tags/list')).toString()), {
        name: repository,
        tags: ['latest'],
      });
    }
    for (const path of [
      'manifests/never-asked-for',
      `blobs/${layerOf('note').digest}`,
      `referrers/${note.descriptor.digest}`,
    ]) {
      assert.equal((await get(front, path)).status, 502, path);
    }
  });

  it('joins those who ask for one blob at the same time in one download', async (t) => {
    const { behind, front, proxy, folder } = await openWorld(t);
    const bytes = Buffer.alloc(20_000_000, 'a blob that many want at once ');
    const descriptor = descriptorOf('application/octet-stream', bytes);
    await behind.pushBlob(descriptor, bytes);
    const bodies = await Promise.all(Array.from({ length: 8 }, () => bodyOf(front, `blobs/${descriptor.digest}`)));
    for (const body of bodies) assert.deepEqual(body, bytes);
    assert.equal(asked(proxy, `blobs/${descriptor.digest}`), 1);
    const range = await get(front, `blobs/${descriptor.digest}`, { headers: { range: 'bytes=19999990-' } });
    assert.deepEqual(Buffer.from(await range.arrayBuffer()), bytes.subarray(19_999_990));
    assert.deepEqual(await readdir(join(folder, 'tmp')), []);
  });

  it('refuses pushes and deletions and says where they belong', async (t) => {
    const { behind, front, proxy } = await openWorld(t);
    const { descriptor } = await pushArtifact(behind, 'stays', { tags: ['latest'] });
    for (const [method, path] of [
      ['POST', 'blobs/uploads/'],
      ['PUT', 'manifests/latest'],
      ['DELETE', 'manifests/latest'],
      ['DELETE', `manifests/${descriptor.digest}`],
      ['DELETE', `blobs/${layerOf('stays').digest}`],
    ] as const) {
      const answer = await get(front, path, { method, headers: { authorization: front.basic } });
      assert.equal(answer.status, 405, `${method} ${path}`);
      const { errors } = (await answer.json()) as { errors: { code: string; message: string }[] };
      assert.equal(errors[0]?.code, 'UNSUPPORTED');
      assert.match(errors[0]?.message ?? '', new RegExp(`a front of ${proxy.host}/team`));
    }
    assert.equal((await behind.resolve('latest'))?.digest, descriptor.digest);
  });

  it('answers 404 for what the upstream does not have, and for a tag that it has no longer', async (t) => {
    const { behind, front } = await openWorld(t);
    await pushArtifact(behind, 'tagged', { tags: ['latest', 'gone'] });
    await bodyOf(front, 'manifests/gone');
    await behind.deleteTag('gone');
    assert.equal((await get(front, 'manifests/gone')).status, 404);
    assert.equal((await get(front, `blobs/${layerOf('unknown').digest}`)).status, 404);
  });

  it('gives a blob that it fetched for one repository to no other that lacks it', async (t) => {
    const { behind, front } = await openWorld(t);
    await pushArtifact(behind, 'private', { tags: ['latest'] });
    await bodyOf(front, `blobs/${layerOf('private').digest}`);
    const other = await fetch(`${front.url}/v2/default/other/blobs/${layerOf('private').digest}`);
    assert.equal(other.status, 404);
  });

  it('lets the sweep take what no cached tag leads to, and the scrub what is damaged; both are fetched again', async (t) => {
    const { behind, front, proxy, folder } = await openWorld(t);
    await pushArtifact(behind, 'kept', { tags: ['latest'] });
    const loose = await pushArtifact(behind, 'loose');
    await bodyOf(front, 'manifests/latest');
    for (const text of ['kept', 'loose']) await bodyOf(front, `blobs/${layerOf(text).digest}`);
    await bodyOf(front, `manifests/${loose.descriptor.digest}`);
    const clock = { now: () => new Date(Date.now() + 3 * 60 * 60_000) };
    const swept = await sweep(front.storage, { clock });
    assert.deepEqual([swept.manifests, swept.blobs], [1, 2]);
    assert.equal((await bodyOf(front, `blobs/${layerOf('loose').digest}`)).toString(), 'loose');
    assert.equal(asked(proxy, `blobs/${layerOf('loose').digest}`), 2);
    const { digest } = layerOf('kept');
    const hex = digestHex(digest);
    await writeFile(join(folder, 'blobs', 'sha256', hex.slice(0, 2), hex), 'damaged');
    const { findings } = await scrub(front.storage, { clock: systemClock });
    assert.deepEqual(
      findings.map((found) => [found.kind, found.digest]),
      [['quarantined', digest]],
    );
    assert.equal((await bodyOf(front, `blobs/${digest}`)).toString(), 'kept');
    assert.equal(asked(proxy, `blobs/${digest}`), 2);
  });
});

describe('a front of a registry that gives wrong bytes', () => {
  it('never gives them as a whole blob, and never keeps them', async (t) => {
    const right = Buffer.alloc(3_000_000, 'what the digest says ');
    const wrong = Buffer.from(right);
    wrong[1_500_000] = 0x58;
    const { digest } = descriptorOf('application/octet-stream', right);
    let bytes = wrong;
    const upstream = await startHttpServer(t, ({ method }, response) => {
      const headers = { 'content-length': String(bytes.byteLength), 'docker-content-digest': digest };
      response.writeHead(200, headers).end(method === 'HEAD' ? undefined : bytes);
    });
    const { front, folder } = await startFront(t, upstream.host);
    for (const body of [wrong, right.subarray(0, 2_000_000), Buffer.concat([right, right])]) {
      bytes = body;
      const received = get(front, `blobs/${digest}`).then((answer) => answer.arrayBuffer());
      await assert.rejects(received, 'the connection is cut before the last byte');
      assert.deepEqual(await readdir(join(folder, 'tmp')), []);
      assert.deepEqual(await readdir(join(folder, 'blobs')), []);
    }
    bytes = right;
    assert.deepEqual(await bodyOf(front, `blobs/${digest}`), right);
  });

  it('refuses a manifest that is not what was asked for, as the fault of the upstream', async (t) => {
    const upstream = await startHttpServer(t, (_, response) => {
      response.writeHead(200, { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }).end('{"wrong":1}');
    });
    const { front } = await startFront(t, upstream.host, '');
    const answer = await get(front, `manifests/${layerOf('asked for').digest}`);
    assert.equal(answer.status, 502);
  });
});
