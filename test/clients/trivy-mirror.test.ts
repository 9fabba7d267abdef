// The mirror of a database all the way: rebuilt behind the gap out of a day's delta, pushed into a registry there with the
// publisher's signatures, verified by cosign and read by Trivy.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import type { PullResult, PushResult } from '../../src/consumer/types.ts';
import type { RunResult } from '../../src/runs/center.ts';
import { judge, skipWithout } from '../judges.ts';
import { suiteScope } from '../registry/suite-scope.ts';
import { startDistribution, type Distribution } from '../support/distribution.ts';
import { mustRun } from '../support/run-program.ts';
import { exportCenterJson } from '../support/service.ts';
import { cosigns, cosignVerifies } from './cosign.ts';
import { openPublisher, type Publisher } from './publisher.ts';

type Report = {
  readonly Results?: readonly { readonly Vulnerabilities?: readonly { readonly VulnerabilityID: string }[] }[];
};

describe('a database behind the gap', { skip: skipWithout('registry') }, () => {
  const scope = suiteScope();
  let publisher: Publisher;
  let far: Distribution;
  let published: RunResult;
  let pulled: PullResult;
  let dir: string;

  before(async () => {
    publisher = await openPublisher(scope);
    far = await startDistribution(scope);
    dir = join(publisher.folder, 'trivy-db-mirror');
    const reference = `${publisher.service.host}/default/trivy-db-mirror:latest`;
    for (const day of [1, 2] as const) {
      await publisher.ingest(day);
      published = await publisher.run('trivy:db');
      pulled = (await exportCenterJson(['mirror', 'pull', reference, dir, '--key', publisher.key])) as PullResult;
    }
    const to = `${far.host}/security/trivy-db-mirror`;
    const { databases } = (await exportCenterJson(['mirror', 'push', dir, to])) as PushResult;
    assert.deepEqual(
      databases?.map(({ repository }) => repository),
      ['trivy-db'],
    );
  });

  it('was rebuilt out of a delta to the digest that was signed', () => {
    assert.equal(pulled.database?.how, 'rebuilt');
    assert.equal(pulled.database.digest, published.digest);
    assert.ok(pulled.bytesFetched < published.bytes / 2, `${pulled.bytesFetched} of ${published.bytes}`);
  });

  for (const version of cosigns) {
    it(`carries the publisher's signatures, as ${version} sees it`, { skip: skipWithout(version) }, async () => {
      for (const tag of ['2', 'latest']) {
        await cosignVerifies(version, publisher, `${far.host}/security/trivy-db:${tag}`, published.digest);
      }
    });
  }

  it('gives Trivy the same findings from the registry and from a cache', { skip: skipWithout('trivy') }, async () => {
    const project = join(publisher.folder, 'project');
    await mkdir(project);
    await writeFile(
      join(project, 'go.mod'),
      'module example.org/app\n\ngo 1.22\n\nrequire (\n\tgolang.org/x/text v0.3.0\n\tgithub.com/gorilla/websocket v1.4.0\n)\n',
    );
    const scan = async (cache: string, ...options: string[]): Promise<string[]> => {
      const quiet = ['--quiet', '--scanners', 'vuln', '--format', 'json', '--offline-scan', '--skip-version-check'];
      const args = ['fs', ...quiet, '--cache-dir', cache, ...options, project];
      const report = JSON.parse(await mustRun(judge('trivy'), args, { env: publisher.env })) as Report;
      const found = (report.Results ?? []).flatMap(({ Vulnerabilities = [] }) => Vulnerabilities);
      return found.map(({ VulnerabilityID }) => VulnerabilityID).sort();
    };
    const online = await scan(join(publisher.folder, 'online'), '--db-repository', `${far.host}/security/trivy-db:2`);
    const cache = join(publisher.folder, 'cache');
    await exportCenterJson(['mirror', 'materialize', dir, '--as', 'trivy-cache', cache]);
    const offline = await scan(cache, '--skip-db-update', '--skip-java-db-update');
    // GO-2020-0015 and GO-2020-0019 of the sample, by their CVEs.
    for (const id of ['CVE-2020-14040', 'CVE-2020-27813']) assert.ok(online.includes(id), online.join(' '));
    assert.deepEqual(offline, online);
  });
});
