// Timestamps of an authority, which is openssl: cosign and our own `verify` demand them of bundles and of a file.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { sampleEvidence } from '../../scripts/sample-evidence.ts';
import { judgeOrSkip } from '../judges.ts';
import { runProgram } from '../support/run-program.ts';
import { exportCenterJson, runExportCenter, startService } from '../support/service.ts';
import { startTimestampAuthority } from '../support/timestamp-authority.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('what a service with a timestamp authority signs carries timestamps that cosign demands', async (t) => {
  const cosign = judgeOrSkip(t, 'cosign');
  if (cosign === undefined) return;
  const { url, chain } = await startTimestampAuthority(t);
  const env = { EXPORT_CENTER_TIMESTAMP_AUTHORITY: url, EXPORT_CENTER_TIMESTAMP_CHAIN: chain };
  const plain = await startService(t);
  const stamping = await startService(t, { env });
  const folder = await temporaryFolder(t, 'timestamp');
  const file = join(folder, 'report.txt');
  await writeFile(file, 'found nothing\n');
  const { source, licence, attribution, day1 } = sampleEvidence;
  for (const [service, wanted] of [
    [stamping, true],
    [plain, false],
  ] as const) {
    const data = ['--data', service.data];
    await exportCenterJson(['ingest', source, day1, '--licence', licence, '--attribution', attribution, ...data]);
    const { reference } = (await exportCenterJson(['run', 'mirror:full', ...data])) as { reference: string };
    await exportCenterJson(['sign', file, ...data]);
    const key = join(folder, 'cosign.pub');
    await writeFile(key, (await runExportCenter(['keys', 'public', ...data])).stdout);
    const trustedRoot = join(service.data, 'trust', 'trusted_root.json');
    const trust = ['--key', key, '--trusted-root', trustedRoot, '--use-signed-timestamps'];
    const subject = [reference.replace(/^[^/]+/, service.host)];
    const bundle = ['--bundle', `${file}.sigstore.json`, file];
    for (const args of [
      ['verify', ...trust, ...subject],
      ['verify-attestation', '--type', 'slsaprovenance1', ...trust, ...subject],
      ['verify-blob', ...trust, ...bundle],
    ]) {
      const { code, stderr } = await runProgram(cosign, args, {
        env: { HOME: folder, HTTPS_PROXY: 'http://localhost:9' },
      });
      assert.equal(code === 0, wanted, `${args.join(' ')}\n${stderr}`);
    }
    for (const args of [subject, bundle]) {
      const { code, stdout } = await runExportCenter(['verify', ...args, ...trust, '--json']);
      const { failed } = JSON.parse(stdout) as { failed: string[] };
      assert.deepEqual([code, failed], wanted ? [0, []] : [3, ['timestamp']], stdout);
    }
  }
});
