// Unmodified skopeo: from our registry to a layout and back, and straight across; the signed digest stays.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { judge, skipWithout } from '../judges.ts';
import { suiteScope } from '../registry/suite-scope.ts';
import { mustRun } from '../support/run-program.ts';
import { layoutBlobs } from './layout-folder.ts';
import { openPublisher, type Publisher } from './publisher.ts';

describe('skopeo copy --all', { skip: skipWithout('skopeo') }, () => {
  let publisher: Publisher;
  const published = new Map<string, string>();

  const scope = suiteScope();
  before(async () => {
    publisher = await openPublisher(scope);
    await publisher.publish(1);
    const { raw, full, delta } = await publisher.publish(2);
    published.set('json-raw:latest', raw.digest).set('mirror:latest', full.digest).set('mirror:delta', delta.digest);
  });

  const copy = (from: string, to: string): Promise<string> => {
    const plain = ['--src-tls-verify=false', '--dest-tls-verify=false'];
    return mustRun(judge('skopeo'), ['--insecure-policy', 'copy', '-q', '--all', ...plain, from, to], {
      env: publisher.operatorEnv,
    });
  };

  async function digestAt(reference: string): Promise<string> {
    const { host } = publisher.service;
    const accept = 'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json';
    const [repository, tag] = reference.split(':');
    const answer = await fetch(`http://${host}/v2/${repository}/manifests/${tag}`, {
      method: 'HEAD',
      headers: { accept, authorization: `Bearer ${await publisher.service.operatorToken()}` },
    });
    return answer.headers.get('docker-content-digest') ?? `status ${answer.status}`;
  }

  for (const name of ['json-raw:latest', 'mirror:latest', 'mirror:delta']) {
    it(`carries ${name} into a layout and back without changing its digest`, async () => {
      const { host } = publisher.service;
      const layout = join(publisher.folder, name.replace(':', '-'));
      await copy(`docker://${host}/default/${name}`, `oci:${layout}:copied`);
      assert.ok((await layoutBlobs(layout)).has(published.get(name) ?? ''));
      await copy(`oci:${layout}:copied`, `docker://${host}/default/back-${name}`);
      assert.equal(await digestAt(`default/back-${name}`), published.get(name));
      await copy(`docker://${host}/default/${name}`, `docker://${host}/default/across-${name}`);
      assert.equal(await digestAt(`default/across-${name}`), published.get(name));
    });
  }
});
