// Unmodified crane: digest, manifest, blob, ls, pull into a layout, copy. (`crane validate` is for container images: it
// unpacks every layer as a tar and reads the config as an image's.)

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { judge, skipWithout } from '../judges.ts';
import { suiteScope } from '../registry/suite-scope.ts';
import { mustRun } from '../support/run-program.ts';
import { layoutBlobs, type Manifest } from './layout-folder.ts';
import { openPublisher, type Publisher } from './publisher.ts';

describe('crane', { skip: skipWithout('crane') }, () => {
  let publisher: Publisher;
  const published = new Map<string, string>();

  const scope = suiteScope();
  before(async () => {
    publisher = await openPublisher(scope);
    await publisher.publish(1);
    const { raw, full, delta } = await publisher.publish(2);
    published.set('json-raw:latest', raw.digest).set('mirror:latest', full.digest).set('mirror:delta', delta.digest);
  });

  const crane = (...args: string[]): Promise<string> => mustRun(judge('crane'), args, { env: publisher.operatorEnv });
  const reference = (name: string): string => `${publisher.service.host}/default/${name}`;

  for (const name of ['json-raw:latest', 'mirror:latest', 'mirror:delta']) {
    it(`reads ${name}: digest, manifests, and every blob`, async () => {
      const digest = published.get(name);
      assert.equal((await crane('digest', reference(name))).trim(), digest);
      const repository = reference(name).replace(/:[a-z]+$/, '');
      // Bases' configs and shards, the head's config, README, journal; the delta has a config and a patch.
      assert.equal(await readAll(repository, digest ?? ''), name === 'mirror:delta' ? 2 : 13);
    });

    it(`copies ${name} to another repository and into a layout, digest unchanged`, async () => {
      await crane('copy', reference(name), reference(`copied-${name}`));
      assert.equal((await crane('digest', reference(`copied-${name}`))).trim(), published.get(name));
      const layout = join(publisher.folder, name.replace(':', '-'));
      await crane('pull', '--format=oci', reference(name), layout);
      assert.ok((await layoutBlobs(layout)).has(published.get(name) ?? ''));
    });
  }

  it('lists the tags of both mirror profiles and of their signatures', async () => {
    const tags = (await crane('ls', reference('mirror'))).trim().split('\n');
    assert.ok(tags.includes('latest') && tags.includes('delta'));
    const kinds = tags.map((tag) => tag.replace(/[0-9a-f]{64}|[0-9TZ]{16}-[0-9a-f]{12}/, '*')).sort();
    const signed = ['sha256-*.att', 'sha256-*.sig'];
    const wanted = ['d-*', 'd-*', 'delta', 'latest', 's-*', 's-*', 'sha256-*.delta', 'sha256-*.delta'];
    assert.deepEqual(kinds, [...wanted, ...signed, ...signed, ...signed, ...signed].sort());
  });

  /** Reads everything below a digest, checks it, and counts the blobs. */
  async function readAll(repository: string, digest: string): Promise<number> {
    const text = await crane('manifest', `${repository}@${digest}`);
    assert.equal(`sha256:${hash('sha256', text)}`, digest);
    const { config, layers = [], manifests = [] } = JSON.parse(text) as Manifest;
    let blobs = 0;
    for (const child of manifests) blobs += await readAll(repository, child.digest);
    for (const blob of config === undefined ? [] : [config, ...layers]) {
      await crane('blob', `${repository}@${blob.digest}`);
      blobs += 1;
    }
    return blobs;
  }
});
