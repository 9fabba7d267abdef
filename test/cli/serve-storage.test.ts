// The service with its content elsewhere: in a bucket, and as a front of another registry. Real advisories, a real S3
// server, stock clients.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { judgeOrSkip } from '../judges.ts';
import { mustRun } from '../support/run-program.ts';
import { startS3Server, type S3Server } from '../support/s3-server.ts';
import { exportCenterJson, runExportCenter, startService, type Service } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const day1 = join(import.meta.dirname, '../../registry-fixtures/osv/day-1.jsonl.gz');

type Ran = { readonly digest: string };
type Pulled = { readonly digest: string };

async function exportOn(data: string, env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  await exportCenterJson(['ingest', 'osv', day1, '--data', data], { env });
  return (await exportCenterJson(['run', 'mirror:full', '--data', data], { env })) as Ran;
}

async function pull(t: TestContext, from: Service, ...options: string[]): Promise<Pulled> {
  const folder = join(await temporaryFolder(t, 'pulled'), 'mirror');
  return (await exportCenterJson([
    'mirror',
    'pull',
    `${from.host}/default/mirror:latest`,
    folder,
    ...options,
  ])) as Pulled;
}

async function bucketServer(t: TestContext): Promise<S3Server | undefined> {
  return judgeOrSkip(t, 'versitygw') === undefined ? undefined : startS3Server(t);
}

describe('a service on a bucket', () => {
  test('exports what one on a disk exports, and shows its credentials to nobody', async (t) => {
    const s3 = await bucketServer(t);
    if (!s3) return;
    const { env, url } = s3;
    const service = await startService(t, {
      args: ['--storage', url],
      env: { ...env, EXPORT_CENTER_LOG_LEVEL: 'debug' },
    });
    const { digest } = await exportOn(service.data);
    assert.equal(digest, (await exportOn(await temporaryFolder(t, 'disk'))).digest);
    assert.equal((await pull(t, service)).digest, digest);
    assert.equal((await fetch(`${service.url}/readyz`)).status, 200);
    assert.equal(existsSync(join(service.data, 'registry')), false);
    assert.ok((await readdir(join(s3.folder, 'repositories', 'default', 'mirror'))).includes('_tags'));
    const gc = ['gc', '--dry-run', '--data', service.data];
    assert.deepEqual(await exportCenterJson(gc), { dryRun: true, blobs: 0, bytes: 0 });
    assert.equal((await runExportCenter(['scrub', '--rate', '0', '--data', service.data])).code, 0);
    await service.program.stop();
    assert.ok(!service.program.output().includes(env['AWS_SECRET_ACCESS_KEY'] ?? '-'));
    // Without the service a command finds the bucket by the environment.
    const scrubbed = ['scrub', '--rate', '0', '--data', service.data];
    const found = await exportCenterJson(scrubbed, { env: { ...env, EXPORT_CENTER_STORAGE: url } });
    assert.ok((found as { blobs: number }).blobs > 5);
  });

  test('sends oras to signed URLs where that is wanted', async (t) => {
    const oras = judgeOrSkip(t, 'oras');
    const s3 = await bucketServer(t);
    if (oras === undefined || !s3) return;
    const service = await startService(t, { args: ['--storage', s3.url, '--redirect-blobs'], env: s3.env });
    const { digest } = await exportOn(service.data);
    const layout = join(await temporaryFolder(t, 'layout'), 'layout');
    await mustRun(oras, ['cp', '-r', `${service.host}/default/mirror:latest`, '--to-oci-layout', `${layout}:latest`]);
    const verified = (await exportCenterJson(['verify', layout])) as { ok: boolean };
    assert.equal(verified.ok, true);
    assert.equal((await pull(t, service)).digest, digest);
  });

  test('says what is missing before it serves', async (t) => {
    const data = ['--data', await temporaryFolder(t, 'data')];
    const clean = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
    const none = await runExportCenter(['serve', '--storage', 's3://bucket', ...data], { env: clean });
    assert.equal(none.code, 2);
    assert.match(none.stderr, /^hint: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY/m);
    const s3 = await bucketServer(t);
    if (!s3) return;
    const wrong = { ...s3.env, AWS_SECRET_ACCESS_KEY: 'a wrong secret' };
    const refused = await runExportCenter(['serve', '--storage', s3.url, ...data], { env: wrong });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^error: .*403 SignatureDoesNotMatch$/m);
    assert.doesNotMatch(refused.stderr, /a wrong secret/);
    const absent = await runExportCenter(['serve', '--storage', 's3://absent', ...data], { env: s3.env });
    assert.equal(absent.code, 1);
    assert.match(absent.stderr, /^error: .*404 NoSuchBucket$/m);
    await s3.program.stop();
    const away = await runExportCenter(['serve', '--storage', s3.url, ...data], { env: s3.env });
    assert.equal(away.code, 4);
  });
});

describe('a service as a front', () => {
  test('gives the bundles of the registry behind it, also when that is away, and exports nothing itself', async (t) => {
    const behind = await startService(t);
    const { digest } = await exportOn(behind.data);
    const front = await startService(t, { args: ['--upstream', behind.host] });
    const { publicKey } = (await exportCenterJson(['keys', 'public', '--data', behind.data])) as { publicKey: string };
    const key = join(await temporaryFolder(t, 'key'), 'cosign.pub');
    await writeFile(key, publicKey);
    assert.equal((await pull(t, front, '--key', key)).digest, digest);
    await behind.program.stop();
    assert.equal((await pull(t, front, '--key', key)).digest, digest);
    assert.equal((await fetch(`${front.url}/readyz`)).status, 200);
    await exportCenterJson(['ingest', 'osv', day1, '--data', front.data]);
    const ran = await runExportCenter(['run', 'mirror:full', '--data', front.data]);
    assert.equal(ran.code, 6);
    assert.match(ran.stderr, new RegExp(`^error: this registry is a front of ${behind.host}`, 'm'));
    const gc = ['gc', '--dry-run', '--data', front.data];
    assert.deepEqual(await exportCenterJson(gc), { dryRun: true, blobs: 0, bytes: 0 });
  });

  test('is refused together with a bucket, and for what is no registry', async (t) => {
    const data = ['--data', await temporaryFolder(t, 'data')];
    const both = await runExportCenter(['serve', '--storage', 's3://bucket', '--upstream', 'host/prefix', ...data]);
    assert.equal(both.code, 2);
    const url = await runExportCenter(['serve', '--upstream', 'https://host/prefix', ...data]);
    assert.equal(url.code, 2);
  });
});
