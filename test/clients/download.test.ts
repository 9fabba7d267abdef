// A bundle as one file over plain HTTP: what tar, oras, skopeo and our own consumer make of it.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { judgeOrSkip, skipWithout } from '../judges.ts';
import { suiteScope } from '../registry/suite-scope.ts';
import { mustRun } from '../support/run-program.ts';
import { exportCenterJson } from '../support/service.ts';
import type { RunResult } from '../../src/runs/center.ts';
import { cosigns, cosignVerifies } from './cosign.ts';
import { layoutJson, type Manifest } from './layout-folder.ts';
import { openPublisher, type Publisher } from './publisher.ts';

describe('a bundle as a tar of its OCI layout', () => {
  let publisher: Publisher;
  let published: RunResult;
  let file: string;
  let folder: string;
  let whole: Buffer;

  const scope = suiteScope();
  before(async () => {
    publisher = await openPublisher(scope);
    await publisher.ingest(1);
    published = await publisher.run('mirror:full');
    whole = await download('latest').then(bytesOf);
    file = join(publisher.folder, 'mirror.tar');
    folder = join(publisher.folder, 'untarred');
    await writeFile(file, whole);
    await mkdir(folder);
    await mustRun('tar', ['-xf', file, '-C', folder]);
  });

  const download = (reference: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${publisher.service.url}/api/v1/bundles/default/mirror/${reference}.tar`, { headers });
  const bytesOf = async (answer: Response): Promise<Buffer> => Buffer.from(await answer.arrayBuffer());

  it('has sorted names, no times and no owners, and the same bytes every time', async () => {
    assert.ok(whole.equals(await download('latest').then(bytesOf)));
    const listed = await mustRun('tar', ['--numeric-owner', '--utc', '-tvf', file]);
    const lines = listed.trim().split('\n');
    for (const line of lines) assert.match(line, /^-rw-r--r-- 0\/0 +\d+ 1970-01-01 00:00 [a-z0-9/.-]+$/);
    const names = lines.map((line) => line.split(' ').at(-1) ?? '');
    assert.deepEqual(names, names.toSorted());
    assert.ok(names.includes(`blobs/sha256/${published.digest.slice(7)}`));
    assert.deepEqual(names.slice(-2), ['index.json', 'oci-layout']);
  });

  it('verifies with the publisher’s key once it is untarred', async () => {
    const result = await exportCenterJson(['verify', folder, '--key', publisher.key]);
    assert.equal((result as { ok: boolean }).ok, true);
    const { manifests = [] } = await layoutJson(folder, published.digest);
    assert.ok(manifests.length > 0);
  });

  it('by its digest holds the same blobs under a name that says so', async () => {
    const byDigest = join(publisher.folder, 'by-digest.tar');
    await writeFile(byDigest, await download(published.digest).then(bytesOf));
    const index = JSON.parse(await mustRun('tar', ['-xOf', byDigest, 'index.json'])) as Manifest;
    const [first] = index.manifests ?? [];
    assert.equal(first?.digest, published.digest);
    const name = `digest-${published.digest.slice(7, 19)}`;
    assert.equal(first.annotations?.['org.opencontainers.image.ref.name'], name);
    assert.equal(await mustRun('tar', ['-tf', byDigest]), await mustRun('tar', ['-tf', file]));
  });

  it(
    'goes into a registry with its signatures by oras, out of the tar itself',
    { skip: skipWithout('oras') },
    async (t) => {
      const oras = judgeOrSkip(t, 'oras');
      if (!oras) return;
      const to = `${publisher.service.host}/default/by-tar`;
      const env = publisher.operatorEnv;
      await mustRun(oras, ['cp', '-r', '--from-oci-layout', `${file}:latest`, `${to}:latest`], { env });
      for (const suffix of ['sig', 'att']) {
        const tag = `sha256-${published.digest.slice(7)}.${suffix}`;
        await mustRun(oras, ['cp', '--from-oci-layout', `${folder}:${tag}`, `${to}:${tag}`], { env });
      }
      for (const version of cosigns) {
        if (!judgeOrSkip(t, version)) return;
        await cosignVerifies(version, publisher, `${to}@${published.digest}`, published.digest);
      }
    },
  );

  it('is an archive that skopeo reads', { skip: skipWithout('skopeo') }, async (t) => {
    const skopeo = judgeOrSkip(t, 'skopeo');
    if (!skopeo) return;
    const raw = await mustRun(skopeo, ['inspect', '--raw', `oci-archive:${file}:latest`], { env: publisher.env });
    const served = await fetch(`${publisher.service.url}/v2/default/mirror/manifests/${published.digest}`);
    assert.equal(raw, await served.text());
  });
});
