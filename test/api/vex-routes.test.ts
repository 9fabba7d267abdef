// The VEX repository over HTTP: manifest, archive with its ETag, and who may have them.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openAccess, openOperatorToken } from '../../src/access/access.ts';
import { createApiApp } from '../../src/api/app.ts';
import { systemClock } from '../../src/core/clock.ts';
import { digestOf } from '../../src/core/digest.ts';
import { ExportError } from '../../src/core/errors.ts';
import { createHealth } from '../../src/observe/health.ts';
import { silentLog } from '../../src/observe/log.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { fakeCenter } from './fake-center.ts';

const content = 'an archive';
const etag = `"${digestOf(content)}"`;

async function openSite(t: TestContext, { isPublic = true, publicUrl = 'https://exports.example' } = {}) {
  const dir = await temporaryFolder(t, 'vex');
  const path = join(dir, 'vex.tar.gz');
  await writeFile(path, content);
  const api = createApiApp({
    center: fakeCenter(),
    access: await openAccess(dir, { clock: systemClock, anonymousPull: () => isPublic }),
    health: createHealth(),
    metrics: createMetrics(),
    log: silentLog,
    spoolDir: join(dir, 'spool'),
    version: '1.2.3',
    vex: {
      publicUrl,
      archive: async (tenant) => {
        if (tenant !== 'acme') throw new ExportError('NOT_FOUND', `no tenant ${tenant}`);
        return { path, digest: digestOf(content), size: content.length };
      },
    },
  });
  const ask = async (where: string, init: RequestInit = {}) => api.request(`http://localhost${where}`, init);
  return { ask, token: await openOperatorToken(dir) };
}

test('the manifest leads to the archive by the public URL', async (t) => {
  const { ask } = await openSite(t);
  const answer = await ask('/vex/acme/.well-known/vex-repository.json');
  assert.equal(answer.status, 200);
  const { versions } = (await answer.json()) as { versions: unknown };
  assert.deepEqual(versions, [
    {
      spec_version: '0.1',
      locations: [{ url: 'https://exports.example/vex/acme/vex.tar.gz' }],
      update_interval: '1h',
    },
  ]);
});

test('the archive has a strong ETag, which is answered with 304', async (t) => {
  const { ask } = await openSite(t);
  const whole = await ask('/vex/acme/vex.tar.gz');
  assert.deepEqual([whole.status, whole.headers.get('etag'), await whole.text()], [200, etag, content]);
  const head = await ask('/vex/acme/vex.tar.gz', { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers.get('content-length'), await head.text()], [200, '10', '']);
  for (const [held, status] of [
    [etag, 304],
    [`"x", W/${etag}`, 304],
    ['*', 304],
    ['"x"', 200],
  ] as const) {
    const answer = await ask('/vex/acme/vex.tar.gz', { headers: { 'if-none-match': held } });
    assert.equal(answer.status, status, held);
  }
});

test('who may not pull does not learn whether a tenant is there', async (t) => {
  const { ask, token } = await openSite(t, { isPublic: false });
  for (const path of ['/vex/acme/vex.tar.gz', '/vex/nobody/vex.tar.gz', '/vex/acme/.well-known/vex-repository.json']) {
    assert.equal((await ask(path)).status, 401, path);
  }
  const headers = { authorization: `Bearer ${token}` };
  const answer = await ask('/vex/acme/vex.tar.gz', { headers });
  assert.deepEqual([answer.status, answer.headers.get('cache-control')], [200, 'private, no-cache']);
  assert.equal((await ask('/vex/nobody/vex.tar.gz', { headers })).status, 404);
  assert.equal((await ask('/vex/UPPER/vex.tar.gz', { headers })).status, 403);
});
