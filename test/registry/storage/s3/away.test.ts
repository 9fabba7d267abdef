// The registry while the object storage behind it is gone, and after it has come back.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it } from 'node:test';
import { systemClock } from '../../../../src/core/clock.ts';
import { createHttp } from '../../../../src/registry/client/http.ts';
import { openS3Storage } from '../../../../src/registry/storage/s3/s3-storage.ts';
import { judgeOrSkip } from '../../../judges.ts';
import { startS3Server } from '../../../support/s3-server.ts';
import { atEnd } from '../../../support/scope.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { startRegistry } from '../../start-registry.ts';

it('answers 502 while the storage is killed, and goes on with the same upload when it is back', async (t) => {
  if (judgeOrSkip(t, 'versitygw') === undefined) return;
  const folder = await temporaryFolder(t, 'away');
  const first = await startS3Server(t, { folder });
  const http = createHttp({ env: {}, retries: 0 });
  atEnd(t, () => http.close());
  const { location } = first;
  const registry = await startRegistry(t, { storage: await openS3Storage({ location, http, clock: systemClock }) });
  const headers = { authorization: registry.basic };
  const uploads = `${registry.url}/v2/default/away/blobs/uploads/`;
  const begun = await fetch(uploads, { method: 'POST', headers });
  const upload = new URL(begun.headers.get('location') ?? '', registry.url);
  const [one, two] = [Buffer.from('before, '), Buffer.from('after')];
  assert.equal((await fetch(upload, { method: 'PATCH', headers, body: one })).status, 202);

  await first.program.stop('SIGKILL');
  for (const answer of [
    await fetch(uploads, { method: 'POST', headers }),
    await fetch(upload, { method: 'PATCH', headers, body: two }),
    await fetch(`${registry.url}/v2/default/away/manifests/latest`, { headers }),
    await fetch(`${registry.url}/v2/default/away/tags/list`, { headers }),
  ]) {
    assert.equal(answer.status, 502);
    const { errors } = (await answer.json()) as { errors: { message: string }[] };
    assert.equal(errors[0]?.message, 'what this registry stands on cannot be reached');
  }

  await startS3Server(t, { folder, port: Number(location.endpoint.port) });
  const resumed = await fetch(upload, { headers });
  assert.equal(resumed.headers.get('range'), `0-${one.byteLength - 1}`, `status ${resumed.status}`);
  assert.equal((await fetch(upload, { method: 'PATCH', headers, body: two })).status, 202);
  const digest = `sha256:${createHash('sha256').update(one).update(two).digest('hex')}`;
  upload.searchParams.set('digest', digest);
  assert.equal((await fetch(upload, { method: 'PUT', headers })).status, 201);
  const read = await fetch(`${registry.url}/v2/default/away/blobs/${digest}`);
  assert.equal(await read.text(), 'before, after');
});
