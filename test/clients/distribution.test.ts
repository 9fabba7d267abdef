// What `run --to` publishes to CNCF distribution, a registry without referrers API: the same programs give the same
// digests and verify the same signatures there, and copy it onwards.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { judge, skipWithout } from '../judges.ts';
import { suiteScope } from '../registry/suite-scope.ts';
import { startDistribution, type Distribution } from '../support/distribution.ts';
import { findMirrorReader } from '../support/corpora.ts';
import { mustRun } from '../support/run-program.ts';
import { cosignRefuses, cosigns, cosignVerifies, withStrangersKey } from './cosign.ts';
import { layoutBlobs, layoutTag, type Manifest } from './layout-folder.ts';
import { openPublisher, type Day, type Publisher } from './publisher.ts';

describe('bundles published to CNCF distribution', { skip: skipWithout('registry') }, () => {
  const scope = suiteScope();
  let publisher: Publisher;
  let distribution: Distribution;
  let day: Day;

  before(async () => {
    publisher = await openPublisher(scope);
    distribution = await startDistribution(scope);
    for (const number of [1, 2] as const) {
      await publisher.ingest(number);
      day = {
        raw: await publisher.run('json:raw', '--to', there('raw')),
        full: await publisher.run('mirror:full', '--to', there('mirror')),
        delta: await publisher.run('mirror:delta', '--to', there('mirror')),
      };
    }
  });

  const there = (name: string): string => `${distribution.host}/some/${name}`;
  const oras = (...args: string[]): Promise<string> => mustRun(judge('oras'), args, { env: publisher.operatorEnv });

  it('have the digests that the own registry names', { skip: skipWithout('crane') }, async () => {
    const names = { 'raw:latest': day.raw, 'mirror:latest': day.full, 'mirror:delta': day.delta };
    for (const [name, { digest, reference }] of Object.entries(names)) {
      const found = await mustRun(judge('crane'), ['digest', there(name)], { env: publisher.env });
      assert.equal(found.trim(), digest);
      assert.equal(reference, there(name));
    }
  });

  it('are found there by the fallback tag, because there is no referrers API', async () => {
    const url = `${distribution.url}/v2/some/mirror`;
    assert.equal((await fetch(`${url}/referrers/${day.full.digest}`)).status, 404);
    const fallback = await fetch(`${url}/manifests/${day.full.digest.replace(':', '-')}`);
    assert.equal(((await fallback.json()) as Required<Manifest>).manifests.length, 2);
  });

  for (const version of cosigns) {
    it(
      `verify with ${version === 'cosign' ? 'cosign 3.1' : 'cosign 2.6'}`,
      { skip: skipWithout(version) },
      async () => {
        await cosignVerifies(version, publisher, there('mirror:latest'), day.full.digest);
        await cosignVerifies(version, publisher, there('mirror:delta'), day.delta.digest);
        await cosignVerifies(version, publisher, there('raw:latest'), day.raw.digest);
        await cosignRefuses(version, await withStrangersKey(publisher), there('mirror:latest'));
      },
    );
  }

  it('are discovered, pulled and copied into a layout by oras', { skip: skipWithout('oras') }, async (t) => {
    const tree = await oras('discover', '--format', 'json', there('mirror:latest'));
    assert.equal((JSON.parse(tree) as { referrers: unknown[] }).referrers.length, 2);
    await oras('pull', there('mirror:latest'), '-o', join(publisher.folder, 'pulled'));
    const layout = join(publisher.folder, 'layout');
    await oras('cp', '-r', there('mirror:latest'), '--to-oci-layout', `${layout}:latest`);
    assert.equal(await layoutTag(layout, 'latest'), day.full.digest);
    await layoutBlobs(layout);
    const reader = findMirrorReader();
    if (!reader) return t.diagnostic('the independent reader is not beside the checkout');
    const said = await mustRun(reader.python, [reader.script, 'layout', layout, 'latest']);
    assert.match(said, /^layout ok: 1809 records/);
  });

  it(
    'go onwards with oras cp -r to a registry of ours, where cosign verifies them',
    {
      skip: skipWithout('oras', ...cosigns),
    },
    async () => {
      const onwards = `${publisher.service.host}/default/onwards`;
      await oras('cp', '-r', there('mirror:latest'), `${onwards}:latest`);
      await oras('cp', '-r', there('raw:latest'), `${onwards}:raw`);
      for (const version of cosigns) {
        await cosignVerifies(version, publisher, `${onwards}:latest`, day.full.digest);
        await cosignVerifies(version, publisher, `${onwards}:raw`, day.raw.digest);
      }
    },
  );

  it(
    'are copied by skopeo and crane without a change of digest',
    { skip: skipWithout('skopeo', 'crane') },
    async () => {
      const { env } = publisher;
      const plain = ['--src-tls-verify=false', '--dest-tls-verify=false'];
      for (const [name, { digest }] of Object.entries({ 'raw:latest': day.raw, 'mirror:latest': day.full })) {
        const [from, to] = [`docker://${there(name)}`, `docker://${there(`skopeo-${name}`)}`];
        await mustRun(judge('skopeo'), ['--insecure-policy', 'copy', '-q', '--all', ...plain, from, to], { env });
        await mustRun(judge('crane'), ['copy', there(name), there(`crane-${name}`)], { env });
        for (const copy of [there(`skopeo-${name}`), there(`crane-${name}`)]) {
          assert.equal((await mustRun(judge('crane'), ['digest', copy], { env })).trim(), digest);
        }
      }
    },
  );

  it('cost nothing when they are published again', async () => {
    const again = await publisher.run('mirror:full', '--to', there('mirror'));
    assert.deepEqual([again.digest, again.bytesNew], [day.full.digest, 0]);
  });
});
