// Registries that allow listed types only: the default encoding is refused with the rule named, `registry check` says so
// beforehand, and the plain encoding goes in, with the same content for oras, cosign and our own consumer.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import type { PullResult, VerifyResult } from '../../src/consumer/types.ts';
import type { RegistryReport } from '../../src/registry/client/check-registry.ts';
import type { RunResult } from '../../src/runs/center.ts';
import { judge, skipWithout } from '../judges.ts';
import { suiteScope } from '../registry/suite-scope.ts';
import { startListingRegistry, type ListingRegistry } from '../support/listing-registry.ts';
import { mustRun } from '../support/run-program.ts';
import { exportCenterJson, runExportCenter } from '../support/service.ts';
import { cosigns, cosignVerifies } from './cosign.ts';
import { openPublisher, type Publisher } from './publisher.ts';

const skip = skipWithout('registry');

for (const kind of ['gitlab', 'quay'] as const) {
  describe(`a registry with the list of ${kind}`, { skip }, () => {
    let publisher: Publisher;
    let registry: ListingRegistry;
    let first: RunResult;
    let own: RunResult;
    let reference: string;
    let folder: string;

    const scope = suiteScope();
    before(async () => {
      publisher = await openPublisher(scope);
      registry = await startListingRegistry(scope, kind);
      reference = `${registry.host}/security/plain`;
      folder = join(publisher.folder, 'pulled');
      await publisher.ingest(1);
      for (const [name, profile] of [
        ['plain', 'mirror:full'],
        ['plain-delta', 'mirror:delta'],
        ['plain-raw', 'json:raw'],
      ]) {
        const file = join(publisher.folder, `${name}.json`);
        await writeFile(file, JSON.stringify({ name, kind: profile, scope: {}, encoding: 'plain' }));
        await exportCenterJson(['profile', 'put', file, '--data', publisher.service.data]);
      }
      own = await publisher.run('plain');
      first = await publisher.run('plain', '--to', reference);
    });

    const resolved = async (tag: string): Promise<string | null> => {
      const accept = 'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json';
      const url = `http://${registry.host}/v2/security/plain/manifests/${tag}`;
      return (await fetch(url, { method: 'HEAD', headers: { accept } })).headers.get('docker-content-digest');
    };

    it('refuses the default encoding, and the error names the rule and the way out', async () => {
      const data = ['--data', publisher.service.data];
      const to = `${registry.host}/security/default`;
      const refused = await runExportCenter(['run', 'mirror:full', '--to', to, '--json', ...data]);
      assert.equal(refused.code, 1);
      assert.match(
        refused.stderr,
        /refuses to take manifest .*: status 400 MANIFEST_INVALID: .*application\/vnd\.export-center\./,
      );
      assert.match(refused.stderr, /hint: this registry takes listed media types only: .*"encoding": "plain"/);
    });

    it('is told from others by registry check, which leaves nothing behind', async () => {
      const checked = await runExportCenter(['registry', 'check', `${registry.host}/security/checked`, '--json']);
      assert.equal(checked.code, 1, checked.stderr);
      const report = JSON.parse(checked.stdout) as RegistryReport & { advice: string };
      assert.deepEqual(report.encodings, { default: false, plain: true });
      assert.match(report.advice, /"encoding": "plain"/);
      const refused = report.checks.filter(({ ok }) => !ok).map(({ name }) => name);
      const expected =
        kind === 'gitlab'
          ? ['config type', 'artifact type', 'artifact type of an index', 'subject', 'referrers']
          : ['config type', 'layer types', 'subject', 'referrers'];
      assert.deepEqual(refused, expected);
      assert.deepEqual(report.leftovers, []);
      const { tags } = (await (await fetch(`http://${registry.host}/v2/security/checked/tags/list`)).json()) as {
        tags: string[] | null;
      };
      assert.deepEqual(tags ?? [], []);
    });

    it('takes the plain encoding; the result names what is there', async () => {
      assert.equal(first.reference, `${reference}:latest`);
      assert.equal(await resolved('latest'), first.digest);
      assert.notEqual(first.digest, own.digest);
      const again = await publisher.run('plain', '--to', reference);
      assert.equal(again.digest, first.digest);
    });

    it('gives oras the very files that it pulls of the default encoding', { skip: skipWithout('oras') }, async () => {
      const { folder: work, env } = publisher;
      const pull = (from: string, to: string): Promise<string> =>
        mustRun(judge('oras'), ['pull', from, '-o', join(work, to)], { env });
      await pull(`${publisher.service.host}/default/plain:latest`, 'of-default');
      await pull(`${reference}:latest`, 'of-plain');
      await mustRun('diff', ['-r', join(work, 'of-default'), join(work, 'of-plain')]);
    });

    for (const version of cosigns) {
      it(`gives ${version} a signature and provenance that verify`, { skip: skipWithout(version) }, async () => {
        await cosignVerifies(version, publisher, `${reference}@${first.digest}`, first.digest);
      });
    }

    it('gives our consumer the same records, verified', async () => {
      const pulled = (await exportCenterJson([
        'mirror',
        'pull',
        `${reference}:latest`,
        folder,
        '--key',
        publisher.key,
      ])) as PullResult;
      assert.equal(pulled.digest, first.digest);
      assert.deepEqual([pulled.setRoot, pulled.records], [first.setRoot, first.records]);
      assert.ok(pulled.verified.includes('signature') && pulled.verified.includes('set-root'));
      const trust = ['--key', publisher.key, '--trusted-root', publisher.trustedRoot];
      const verified = (await exportCenterJson(['verify', folder, ...trust])) as VerifyResult;
      assert.deepEqual(
        verified.checks.filter(({ ok }) => !ok).map(({ name }) => name),
        ['tuf'],
      );
      const records = async (source: string): Promise<string> =>
        (await runExportCenter(['mirror', 'records', source])).stdout;
      assert.equal(await records(folder), await records(`${publisher.service.host}/default/plain:latest`));
      const doctor = await runExportCenter(['mirror', 'doctor', folder]);
      assert.equal(doctor.code, 0, doctor.stdout);
    });

    // The lists differ in what they refuse; what goes in is the same, so its further ways are walked on one.
    if (kind !== 'gitlab') return;

    it('passes on from the folder of a consumer, signature and all', async () => {
      const onward = `${registry.host}/security/onward`;
      await exportCenterJson(['mirror', 'push', folder, onward]);
      const verified = (await exportCenterJson(['verify', `${onward}:latest`, '--key', publisher.key])) as VerifyResult;
      assert.equal(verified.ok, true);
    });

    it('takes deltas too: the next day costs a consumer the patch', async () => {
      const to = `${registry.host}/security/daily`;
      await publisher.run('plain-delta', '--to', to);
      const daily = join(publisher.folder, 'daily');
      const before = await exportCenterJson(['mirror', 'pull', `${to}:latest`, daily, '--key', publisher.key]);
      await publisher.ingest(2);
      const second = await publisher.run('plain-delta', '--to', to);
      const after = (await exportCenterJson([
        'mirror',
        'pull',
        `${to}:latest`,
        daily,
        '--key',
        publisher.key,
      ])) as PullResult;
      assert.notEqual(after.digest, (before as PullResult).digest);
      assert.equal(after.setRoot, second.setRoot);
      // The patch has 4,601 bytes (docs/formats.md), the journal 12,880; manifests, signature and provenance with their log
      // entries come on top of either.
      assert.ok(after.bytesFetched < 4_601 + 10_000, `${after.bytesFetched} bytes`);
      const { config = [], patches = [] } = await deltaOf(`${to}:delta`);
      assert.equal(config.length, 1);
      assert.deepEqual(patches, [4_601]);
      const verified = (await exportCenterJson(['verify', daily, '--key', publisher.key])) as VerifyResult;
      assert.equal(verified.ok, true);
      const byDelta = join(publisher.folder, 'by-delta');
      const named = (await exportCenterJson(['mirror', 'pull', `${to}:delta`, byDelta])) as PullResult;
      assert.equal(named.digest, after.digest);
    });

    it('takes json:raw, out of which the documents come byte for byte', async () => {
      const to = `${registry.host}/security/raw`;
      await publisher.run('plain-raw', '--to', to);
      const [plain, original] = [join(publisher.folder, 'raw-plain'), join(publisher.folder, 'raw-own')];
      await exportCenterJson(['extract', `${to}:latest`, plain]);
      await exportCenterJson(['extract', `${publisher.service.host}/default/plain-raw:latest`, original]);
      await mustRun('diff', ['-r', plain, original]);
    });

    /** Sizes of the layers of a plain delta: its document, then patches. */
    async function deltaOf(delta: string): Promise<{ config?: number[]; patches?: number[] }> {
      const [host = '', ...rest] = delta.split('/');
      const [repository, tag] = rest.join('/').split(':');
      const accept = 'application/vnd.oci.image.manifest.v1+json';
      const answer = await fetch(`http://${host}/v2/${repository}/manifests/${tag}`, { headers: { accept } });
      const { layers } = (await answer.json()) as { layers: { size: number }[] };
      return { config: layers.slice(0, 1).map(({ size }) => size), patches: layers.slice(1).map(({ size }) => size) };
    }
  });
}
