// The way over the gap as the README shows it, with stock oras alone: from a registry to a folder on a stick, from there
// into another registry, and cosign on the far side.

import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { judge, skipWithout } from '../judges.ts';
import { suiteScope } from '../registry/suite-scope.ts';
import { findMirrorReader } from '../support/corpora.ts';
import { startDistribution, type Distribution } from '../support/distribution.ts';
import { mustRun } from '../support/run-program.ts';
import { exportCenterJson } from '../support/service.ts';
import { cosigns, cosignVerifies } from './cosign.ts';
import { layoutBlobs } from './layout-folder.ts';
import { openPublisher, type Day, type Publisher } from './publisher.ts';

describe('a stick that goes over the gap', { skip: skipWithout('oras', 'registry', ...cosigns) }, () => {
  const scope = suiteScope();
  let publisher: Publisher;
  let inside: Distribution;
  const days: Day[] = [];

  before(async () => {
    publisher = await openPublisher(scope);
    inside = await startDistribution(scope);
  });

  const oras = (...args: string[]): Promise<string> => mustRun(judge('oras'), args, { env: publisher.env });
  const stick = (): string => join(publisher.folder, 'stick');

  /** Outside, to the stick; the stick's bytes on another machine; inside, from the stick. */
  async function carry(tag: string): Promise<void> {
    await oras('cp', '-r', `${publisher.service.host}/default/mirror:${tag}`, '--to-oci-layout', `${stick()}:${tag}`);
    const arrived = join(publisher.folder, 'arrived');
    await cp(stick(), arrived, { recursive: true });
    await oras('cp', '-r', '--from-oci-layout', `${arrived}:${tag}`, `${inside.host}/inside/mirror:${tag}`);
  }

  for (const day of [1, 2] as const) {
    it(`brings day ${day} with signature and provenance`, async () => {
      days.push(await publisher.publish(day));
      const { full, delta } = days.at(-1) ?? assert.fail();
      await carry('latest');
      await carry('delta');
      for (const version of cosigns) {
        await cosignVerifies(version, publisher, `${inside.host}/inside/mirror:latest`, full.digest);
        await cosignVerifies(version, publisher, `${inside.host}/inside/mirror:delta`, delta.digest);
      }
    });
  }

  it('holds whole bundles, also in the eyes of the independent reader', async (t) => {
    await layoutBlobs(stick());
    const reader = findMirrorReader();
    if (!reader) return t.skip('the mirror reader is not beside the checkout, or its Python is not there');
    const said = await mustRun(reader.python, [reader.script, 'layout', stick(), 'latest']);
    assert.match(said, /^layout ok: 1809 records/);
  });

  it('feeds our own consumer inside, from the registry there and from the folder itself', async () => {
    const { digest, setRoot } = days.at(-1)?.full ?? assert.fail();
    const sources = { registry: `${inside.host}/inside/mirror:latest`, folder: `${stick()}:latest` };
    const key = ['--key', publisher.key];
    const pulled = await exportCenterJson([
      'mirror',
      'pull',
      sources.registry,
      join(publisher.folder, 'mirror'),
      ...key,
    ]);
    const { digest: found, setRoot: root } = pulled as { digest: string; setRoot: string };
    assert.deepEqual([found, root], [digest, setRoot]);
    const verified = await exportCenterJson(['verify', sources.folder, ...key]);
    assert.equal((verified as { ok: boolean }).ok, true);
  });
});
