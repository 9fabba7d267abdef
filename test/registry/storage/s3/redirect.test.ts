// Big blobs of a bucket by redirect: the client is sent to a signed URL, gets the bytes from the S3 server itself, and no
// secret is in what it sees.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { systemClock } from '../../../../src/core/clock.ts';
import { describe } from '../../../../src/oci/descriptor.ts';
import { createHttp } from '../../../../src/registry/client/http.ts';
import { remoteRepository } from '../../../../src/registry/client/remote-repository.ts';
import { openS3Storage } from '../../../../src/registry/storage/s3/s3-storage.ts';
import { judgeOrSkip } from '../../../judges.ts';
import { startS3Server } from '../../../support/s3-server.ts';
import { atEnd } from '../../../support/scope.ts';
import { startRegistry } from '../../start-registry.ts';

it('a big blob is fetched from the bucket itself, a small one through the registry', async (t) => {
  if (judgeOrSkip(t, 'versitygw') === undefined) return;
  const { location, env } = await startS3Server(t);
  const http = createHttp({ env: {} });
  atEnd(t, () => http.close());
  const storage = await openS3Storage({ location, http, clock: systemClock, redirects: true });
  const registry = await startRegistry(t, { storage });
  const repository = storage.repository('default/redirected');
  const [big, small] = [Buffer.alloc(2_000_000, 'a big blob '), Buffer.from('a small blob')];
  const [bigBlob, smallBlob] = [describe('text/plain', big), describe('text/plain', small)];
  await repository.pushBlob(bigBlob, big);
  await repository.pushBlob(smallBlob, small);
  const url = (digest: string): string => `${registry.url}/v2/default/redirected/blobs/${digest}`;

  const answer = await fetch(url(bigBlob.digest), { redirect: 'manual' });
  assert.equal(answer.status, 307);
  const target = new URL(answer.headers.get('location') ?? '');
  assert.equal(target.origin, env['AWS_ENDPOINT_URL_S3']);
  assert.ok(!target.href.includes('test/secret+key') && !target.href.includes('test%2Fsecret%2Bkey'));
  assert.match(answer.headers.get('cache-control') ?? '', /no-store/);
  const ranged = await fetch(target, { headers: { range: 'bytes=10-19' } });
  assert.deepEqual(Buffer.from(await ranged.arrayBuffer()), big.subarray(10, 20));
  target.searchParams.set('X-Amz-Expires', '900000');
  assert.equal((await fetch(target)).status >= 400, true, 'the signature covers the time');

  assert.equal((await fetch(url(bigBlob.digest), { method: 'HEAD', redirect: 'manual' })).status, 200);
  assert.equal((await fetch(url(smallBlob.digest), { redirect: 'manual' })).status, 200);
  assert.equal((await fetch(url(`sha256:${'0'.repeat(64)}`), { redirect: 'manual' })).status, 404);

  const client = remoteRepository({ registry: registry.host, repository: 'default/redirected' }, { http });
  const chunks: Buffer[] = [];
  for await (const chunk of client.openBlob(bigBlob)) chunks.push(chunk);
  assert.deepEqual(Buffer.concat(chunks), big);
});
