// Blobs and manifests over HTTP: statuses, headers, ranges and errors of distribution-spec, RFC 9110 §13 and §14.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { describe as describeBytes } from '../../../src/oci/descriptor.ts';
import { emptyDescriptor, emptyJson, imageManifest } from '../../../src/oci/manifest.ts';
import { mediaTypes } from '../../../src/oci/media-types.ts';
import { startRegistry, type StartedRegistry } from '../start-registry.ts';
import { suiteScope } from '../suite-scope.ts';
import { pushArtifact } from '../storage/artifacts.ts';
import { ask, errorCodes, json } from './raw-http.ts';

const content = Buffer.from(Array.from({ length: 2_048 }, (_, i) => i % 251));
const blob = describeBytes('application/octet-stream', content);
const large = Buffer.alloc(7_000_000, 'larger than the buffers of the server ');
const largeBlob = describeBytes('application/octet-stream', large);
const blobPath = `/v2/default/one/blobs/${blob.digest}`;
const largePath = `/v2/default/one/blobs/${largeBlob.digest}`;

const scope = suiteScope();
let registry: StartedRegistry;
before(async () => {
  registry = await startRegistry(scope);
  const repository = registry.storage.repository('default/one');
  await repository.pushBlob(blob, content);
  await repository.pushBlob(largeBlob, large);
  await repository.pushBlob(emptyDescriptor, emptyJson);
});

describe('a blob', () => {
  it('comes with length, digest, entity tag and a year of caching, and as HEAD without its bytes', async () => {
    const got = await ask(registry, 'GET', blobPath);
    const head = await ask(registry, 'HEAD', blobPath);
    for (const { status, headers } of [got, head]) {
      assert.equal(status, 200);
      assert.equal(headers['content-length'], '2048');
      assert.equal(headers['content-type'], 'application/octet-stream');
      assert.equal(headers['docker-content-digest'], blob.digest);
      assert.equal(headers.etag, `"${blob.digest}"`);
      assert.equal(headers['accept-ranges'], 'bytes');
      assert.equal(headers['cache-control'], 'public, max-age=31536000, immutable, no-transform');
    }
    assert.deepEqual(got.body, content);
    assert.equal(head.body.byteLength, 0);
  });

  for (const { range, from, to } of [
    { range: 'bytes=500-1499', from: 500, to: 1_499 },
    { range: 'bytes=500-', from: 500, to: 2_047 },
    { range: 'bytes=-500', from: 1_548, to: 2_047 },
    { range: 'bytes=-5000', from: 0, to: 2_047 },
    { range: 'bytes=2000-5000', from: 2_000, to: 2_047 },
    { range: 'bytes=0-0', from: 0, to: 0 },
  ]) {
    it(`comes in part for ${range}`, async () => {
      const { status, headers, body } = await ask(registry, 'GET', blobPath, { headers: { range } });
      assert.equal(status, 206);
      assert.equal(headers['content-range'], `bytes ${from}-${to}/2048`);
      assert.equal(headers['content-length'], String(to - from + 1));
      assert.deepEqual(body, content.subarray(from, to + 1));
    });
  }

  for (const range of ['bytes=500-0', 'bytes=5000-10000', 'bytes=2048-', 'bytes=-0']) {
    it(`is refused with 416 for ${range}`, async () => {
      const { status, headers } = await ask(registry, 'GET', blobPath, { headers: { range } });
      assert.equal(status, 416);
      assert.equal(headers['content-range'], 'bytes */2048');
    });
  }

  for (const range of ['bytes=0-1,5-6', 'items=0-1', 'bytes=-', 'bytes=a-b']) {
    it(`comes whole for ${range}`, async () => {
      const { status, body } = await ask(registry, 'GET', blobPath, { headers: { range } });
      assert.equal(status, 200);
      assert.deepEqual(body, content);
    });
  }

  it('of any size comes from any offset', async () => {
    assert.deepEqual((await ask(registry, 'GET', largePath)).body, large);
    const { status, body } = await ask(registry, 'GET', largePath, { headers: { range: 'bytes=6123456-' } });
    assert.equal(status, 206);
    assert.deepEqual(body, large.subarray(6_123_456));
  });

  it('comes in part only if it is the one that If-Range names', async () => {
    const same = { range: 'bytes=0-9', 'if-range': `"${blob.digest}"` };
    assert.equal((await ask(registry, 'GET', blobPath, { headers: same })).status, 206);
    const other = { range: 'bytes=0-9', 'if-range': '"another"' };
    assert.equal((await ask(registry, 'GET', blobPath, { headers: other })).status, 200);
  });

  it('is answered with 304 to somebody who has it', async () => {
    const headers = { 'if-none-match': `"x", W/"${blob.digest}"` };
    const answer = await ask(registry, 'GET', blobPath, { headers });
    assert.equal(answer.status, 304);
    assert.equal(answer.body.byteLength, 0);
  });

  it('is there only in the repositories that link to it', async () => {
    const answer = await ask(registry, 'GET', `/v2/default/two/blobs/${blob.digest}`);
    assert.deepEqual([answer.status, errorCodes(answer)], [404, ['BLOB_UNKNOWN']]);
  });

  it('needs a digest for a name', async () => {
    for (const digest of ['sha256:short', blob.digest.toUpperCase(), 'latest']) {
      const answer = await ask(registry, 'GET', `/v2/default/one/blobs/${digest}`);
      assert.deepEqual([answer.status, errorCodes(answer)], [400, ['DIGEST_INVALID']]);
    }
    assert.equal((await ask(registry, 'GET', blobPath.replace('sha256:', 'sha256%3A'))).status, 200);
  });
});

describe('a manifest', () => {
  const put = (path: string, body: Buffer | string, type: string = mediaTypes.ociManifest) =>
    ask(registry, 'PUT', path, { body, headers: { 'content-type': type } });

  it('comes back byte for byte, also with white space of its own, under the type it was pushed with', async () => {
    const { bytes } = imageManifest({ artifactType: 'application/x', config: emptyDescriptor, layers: [blob] });
    const odd = Buffer.from(`\n${JSON.stringify(JSON.parse(bytes.toString()), null, 3)}\n\n`);
    const { digest } = describeBytes('', odd);
    const pushed = await put('/v2/default/one/manifests/odd', odd, `${mediaTypes.ociManifest}; charset=utf-8`);
    assert.equal(pushed.status, 201);
    assert.equal(pushed.headers.location, `/v2/default/one/manifests/${digest}`);
    assert.equal(pushed.headers['docker-content-digest'], digest);
    for (const reference of ['odd', digest]) {
      const got = await ask(registry, 'GET', `/v2/default/one/manifests/${reference}`);
      const head = await ask(registry, 'HEAD', `/v2/default/one/manifests/${reference}`);
      assert.deepEqual(got.body, odd);
      for (const { headers } of [got, head]) {
        assert.equal(headers['content-type'], mediaTypes.ociManifest);
        assert.equal(headers['content-length'], String(odd.byteLength));
        assert.equal(headers['docker-content-digest'], digest);
      }
    }
    const byTag = await ask(registry, 'GET', '/v2/default/one/manifests/odd');
    assert.equal(byTag.headers['cache-control'], 'no-cache, no-transform');
  });

  it('over 4 MiB is refused with 413, whether its length is declared or not', async () => {
    const body = Buffer.alloc((4 << 20) + 1, ' ');
    assert.equal((await put('/v2/default/one/manifests/big', body)).status, 413);
    const { status } = await ask(registry, 'PUT', '/v2/default/one/manifests/big', {
      body,
      headers: { 'content-type': mediaTypes.ociManifest, 'transfer-encoding': 'chunked' },
    });
    assert.equal(status, 413);
  });

  it('that cannot be taken is refused by name', async () => {
    const missing = describeBytes('application/x', Buffer.from('never pushed'));
    const incomplete = imageManifest({ config: emptyDescriptor, layers: [missing] }).bytes;
    const whole = imageManifest({ config: emptyDescriptor, layers: [] }).bytes;
    const path = '/v2/default/one/manifests';
    const cases = [
      { answer: await put(`${path}/x`, incomplete), status: 404, code: 'MANIFEST_BLOB_UNKNOWN' },
      { answer: await put(`${path}/${blob.digest}`, whole), status: 400, code: 'DIGEST_INVALID' },
      { answer: await put(`${path}/sha256:baddigeststring`, whole), status: 400, code: 'DIGEST_INVALID' },
      { answer: await put(`${path}/x`, 'no json'), status: 400, code: 'MANIFEST_INVALID' },
      { answer: await put(`${path}/x`, '{}'), status: 400, code: 'MANIFEST_INVALID' },
      { answer: await put(`${path}/x`, whole, mediaTypes.ociIndex), status: 400, code: 'MANIFEST_INVALID' },
      { answer: await put(`${path}/x`, whole, 'text/html'), status: 400, code: 'MANIFEST_INVALID' },
      { answer: await put(`${path}/-bad`, whole), status: 400, code: 'MANIFEST_INVALID' },
    ];
    for (const { answer, status, code } of cases) {
      assert.deepEqual([answer.status, errorCodes(answer)], [status, [code]]);
    }
    assert.equal((await ask(registry, 'HEAD', `${path}/x`)).status, 404);
  });

  it('gets the tags of its parameters, and too many of them are refused', async () => {
    const { bytes, descriptor } = imageManifest({ config: emptyDescriptor, layers: [], annotations: { of: 'tags' } });
    const path = `/v2/default/one/manifests/${descriptor.digest}`;
    const tagged = await put(`${path}?tag=p1&tag=p2`, bytes);
    assert.equal(tagged.headers['oci-tag'], 'p1, p2');
    assert.equal((await ask(registry, 'HEAD', '/v2/default/one/manifests/p2')).status, 200);
    const many = Array.from({ length: 47 }, (_, i) => `tag=t${i}`).join('&');
    assert.equal((await put(`${path}?${many}`, bytes)).status, 414);
  });

  it('deleted by tag loses the tag, deleted by digest loses all of them', async () => {
    const repository = registry.storage.repository('default/deletes');
    const { descriptor } = await pushArtifact(repository, 'deleted', { tags: ['a', 'b', 'c'] });
    const status = async (method: string, reference: string) =>
      (await ask(registry, method, `/v2/default/deletes/manifests/${reference}`)).status;
    assert.equal(await status('DELETE', 'a'), 202);
    assert.equal(await status('DELETE', 'a'), 404);
    assert.equal(await status('HEAD', descriptor.digest), 200);
    assert.equal(await status('DELETE', descriptor.digest), 202);
    for (const reference of ['b', 'c', descriptor.digest]) assert.equal(await status('HEAD', reference), 404);
  });

  it('that nobody pushed differs from a repository that nobody made', async () => {
    const unknown = await ask(registry, 'GET', '/v2/default/one/manifests/unknown');
    assert.deepEqual([unknown.status, errorCodes(unknown)], [404, ['MANIFEST_UNKNOWN']]);
    const nowhere = await ask(registry, 'GET', '/v2/default/nowhere/manifests/latest');
    assert.deepEqual([nowhere.status, errorCodes(nowhere)], [404, ['NAME_UNKNOWN']]);
  });
});

describe('a list', () => {
  it('of tags comes in pages that lead to each other', async () => {
    await pushArtifact(registry.storage.repository('default/tags'), 'x', { tags: ['c', 'a', 'B', 'd'] });
    const path = '/v2/default/tags/tags/list';
    const first = await ask(registry, 'GET', `${path}?n=3`);
    assert.deepEqual(json(first), { name: 'default/tags', tags: ['B', 'a', 'c'] });
    assert.equal(first.headers.link, `<${path}?n=3&last=c>; rel="next"`);
    const second = await ask(registry, 'GET', `${path}?n=3&last=c`);
    assert.deepEqual(json(second)['tags'], ['d']);
    assert.equal(second.headers.link, undefined);
    const none = await ask(registry, 'GET', `${path}?n=0`);
    assert.deepEqual([json(none)['tags'], none.headers.link], [[], undefined]);
    assert.equal((await ask(registry, 'GET', `${path}?n=-1`)).status, 400);
    assert.deepEqual(errorCodes(await ask(registry, 'GET', '/v2/default/unknown/tags/list')), ['NAME_UNKNOWN']);
  });

  it('of referrers has exactly the type of an index, and an empty one for what is unknown', async () => {
    const repository = registry.storage.repository('default/referrers');
    const subject = await pushArtifact(repository, 'subject', { tags: ['latest'] });
    const { bytes, descriptor } = imageManifest({
      artifactType: 'application/vnd.test.sig',
      config: emptyDescriptor,
      layers: [emptyDescriptor],
      subject: subject.descriptor,
      annotations: { a: 'b' },
    });
    const pushed = await ask(registry, 'PUT', `/v2/default/referrers/manifests/${descriptor.digest}`, {
      body: bytes,
      headers: { 'content-type': mediaTypes.ociManifest },
    });
    assert.equal(pushed.headers['oci-subject'], subject.descriptor.digest);
    const list = (query: string, name = 'referrers') =>
      ask(registry, 'GET', `/v2/default/${name}/referrers/${subject.descriptor.digest}${query}`);
    const all = await list('');
    assert.equal(all.headers['content-type'], 'application/vnd.oci.image.index.v1+json');
    assert.equal(all.headers['oci-filters-applied'], undefined);
    const entry = { ...descriptor, artifactType: 'application/vnd.test.sig', annotations: { a: 'b' } };
    assert.deepEqual(json(all), { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [entry] });
    const filtered = await list('?artifactType=application/vnd.other');
    assert.equal(filtered.headers['oci-filters-applied'], 'artifactType');
    assert.deepEqual(json(filtered)['manifests'], []);
    const nowhere = await list('', 'nowhere');
    assert.equal(nowhere.status, 200);
    assert.deepEqual(json(nowhere)['manifests'], []);
  });

  it('of a thousand referrers and more comes in pages', async () => {
    const repository = registry.storage.repository('default/pages');
    const subject = await pushArtifact(repository, 'much signed', { tags: ['latest'] });
    await repository.pushBlob(emptyDescriptor, emptyJson);
    const padding = 'x'.repeat(1_400_000);
    for (let i = 0; i < 3; i++) {
      const fields = { config: emptyDescriptor, layers: [], subject: subject.descriptor };
      await repository.pushManifest(imageManifest({ ...fields, annotations: { i: `${i}${padding}` } }));
    }
    const seen: string[] = [];
    let pages = 0;
    for (let path: string | undefined = `/v2/default/pages/referrers/${subject.descriptor.digest}`; path; pages++) {
      const page = await ask(registry, 'GET', path);
      assert.ok(page.body.byteLength < 4 << 20);
      seen.push(...(json(page)['manifests'] as { digest: string }[]).map(({ digest }) => digest));
      path = /^<(.*)>; rel="next"$/.exec(page.headers.link?.toString() ?? '')?.[1];
    }
    assert.equal(pages, 2);
    assert.equal(new Set(seen).size, 3);
  });
});

describe('a request', () => {
  it('for a name that is none, or a method that is none, is refused', async () => {
    for (const name of ['Default/One', 'default//one', '-x', 'a'.repeat(256), 'a%2f..%2f..%2fetc', 'x/_tags']) {
      const answer = await ask(registry, 'GET', `/v2/${name}/tags/list`);
      assert.deepEqual([answer.status, errorCodes(answer)], [400, ['NAME_INVALID']], name);
    }
    const patch = await ask(registry, 'PATCH', blobPath);
    assert.deepEqual([patch.status, patch.headers.allow], [405, 'GET, HEAD, DELETE']);
    for (const path of ['/v2/default/one', '/v2/default/one/other', '/v2/%', '/v2/_catalog']) {
      assert.equal((await ask(registry, 'GET', path)).status, 404, path);
    }
  });
});
