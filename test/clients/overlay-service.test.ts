// Databases of others through a service on another machine: a layout or file of this side is sent, a reference is named.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { digestOf, parseDigest } from '../../src/core/digest.ts';
import type { DatabasePointer } from '../../src/evidence/database-pointer.ts';
import type { EvidenceDocument } from '../../src/runs/center.ts';
import { openLayout } from '../../src/registry/layout/layout-repository.ts';
import { fileOf } from '../boltdb/memory-file.ts';
import { judge, skipWithout } from '../judges.ts';
import { mustRun } from '../support/run-program.ts';
import { exportCenterJson, runExportCenter, startService } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const layerType = 'application/vnd.aquasec.trivy.db.layer.v1.tar+gzip';

it('a service takes a database from here and from a registry alike', { skip: skipWithout('oras') }, async (t) => {
  const folder = await temporaryFolder(t, 'database');
  const { bytes } = await fileOf([
    { path: ['alpine 3.19', 'musl'], key: 'CVE-2026-1', value: '{"FixedVersion":"1"}' },
    { path: ['vulnerability'], key: 'CVE-2026-1', value: '{"Severity":"HIGH"}' },
  ]);
  await writeFile(join(folder, 'trivy.db'), bytes);
  await writeFile(join(folder, 'metadata.json'), '{"Version":2,"UpdatedAt":"2026-01-02T00:00:00Z"}');
  await mustRun('tar', ['-C', folder, '-czf', join(folder, 'db.tar.gz'), 'trivy.db', 'metadata.json']);
  const layer = await readFile(join(folder, 'db.tar.gz'));
  const push = (place: readonly string[]) =>
    mustRun(judge('oras'), ['push', ...place, `db.tar.gz:${layerType}`], { cwd: folder });
  const service = await startService(t);
  const token = await service.operatorToken();
  await push(['--username', 'operator', '--password', token, `${service.host}/default/upstream:2`]);
  await push(['--oci-layout', 'layout:2']);
  const layout = await openLayout(join(folder, 'layout'));
  assert.equal((await layout.resolve('2')) !== undefined, true);
  const env = { EXPORT_CENTER_TOKEN: token };
  const server = ['--server', service.url];
  const places = [`oci:${service.host}/default/upstream:2`, 'oci:layout:2', 'layout:2', 'db.tar.gz'];
  const states = new Set<string>();
  for (const [i, place] of places.entries()) {
    const args = ['ingest', `up${i}`, place, '--format', 'trivy-db', ...server];
    await exportCenterJson(args, { env, cwd: folder });
    const shown = await exportCenterJson(['evidence', 'show', `up${i}`, 'trivy-db.json', ...server], { env });
    const pointer = JSON.parse((shown as EvidenceDocument).text) as DatabasePointer;
    assert.equal(parseDigest(pointer.layerDigest), digestOf(layer));
    states.add(pointer.shards.digest);
  }
  assert.equal(states.size, 1);
  const refused = await runExportCenter(['ingest', 'x', 'oci:layout:2', ...server], { env, cwd: folder });
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /is an OCI layout, which is not sent/);
});
