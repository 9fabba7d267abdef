// Timestamps of an authority, which is openssl: cosign and our own `verify` demand them of bundles and of a file.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { sampleEvidence } from '../../scripts/sample-evidence.ts';
import { judgeOrSkip } from '../judges.ts';
import { runProgram } from '../support/run-program.ts';
import { exportCenterJson, runExportCenter, startService } from '../support/service.ts';
import { startTimestampAuthority } from '../support/timestamp-authority.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const { source, licence, attribution, day1 } = sampleEvidence;
const evidence = ['ingest', source, day1, '--licence', licence, '--attribution', attribution];

test('what a service with a timestamp authority signs carries timestamps that cosign demands', async (t) => {
  const [cosign, cosign2] = [judgeOrSkip(t, 'cosign'), judgeOrSkip(t, 'cosign2')];
  if (cosign === undefined || cosign2 === undefined) return;
  const { url, chain } = await startTimestampAuthority(t);
  const env = { EXPORT_CENTER_TIMESTAMP_AUTHORITY: url, EXPORT_CENTER_TIMESTAMP_CHAIN: chain };
  const plain = await startService(t);
  const stamping = await startService(t, { env });
  const folder = await temporaryFolder(t, 'timestamp');
  const file = join(folder, 'report.txt');
  await writeFile(file, 'found nothing\n');
  for (const [service, wanted] of [
    [stamping, true],
    [plain, false],
  ] as const) {
    const data = ['--data', service.data];
    await exportCenterJson([...evidence, ...data]);
    const { reference } = (await exportCenterJson(['run', 'mirror:full', ...data])) as { reference: string };
    await exportCenterJson(['sign', file, ...data]);
    const key = join(folder, 'cosign.pub');
    await writeFile(key, (await runExportCenter(['keys', 'public', ...data])).stdout);
    const trustedRoot = join(service.data, 'trust', 'trusted_root.json');
    const trust = ['--key', key, '--trusted-root', trustedRoot, '--use-signed-timestamps'];
    const subject = [reference.replace(/^[^/]+/, service.host)];
    const bundle = ['--bundle', `${file}.sigstore.json`, file];
    const attestation = ['verify-attestation', '--type', 'slsaprovenance1'];
    const commands: readonly (readonly [string, readonly string[]])[] = [
      [cosign, ['verify', ...trust, ...subject]],
      [cosign, [...attestation, ...trust, ...subject]],
      [cosign, ['verify-blob', ...trust, ...bundle]],
      // cosign 2 looks for a bundle among the referrers when told so, else below the tags.
      [cosign2, ['verify', '--new-bundle-format', ...trust, ...subject]],
      [cosign2, [...attestation, '--new-bundle-format', ...trust, ...subject]],
      [cosign2, ['verify', ...trust, ...subject]],
      [cosign2, [...attestation, ...trust, ...subject]],
    ];
    for (const [program, args] of commands) {
      const { code, stderr } = await runProgram(program, args, {
        env: { HOME: folder, HTTPS_PROXY: 'http://localhost:9' },
      });
      assert.equal(code === 0, wanted, `${program} ${args.join(' ')}\n${stderr}`);
    }
    for (const args of [subject, bundle]) {
      const { code, stdout } = await runExportCenter(['verify', ...args, ...trust, '--json']);
      const { failed } = JSON.parse(stdout) as { failed: string[] };
      assert.deepEqual([code, failed], wanted ? [0, []] : [3, ['timestamp']], stdout);
    }
  }
});

test('nothing is signed without the authority that was asked for', async (t) => {
  const { chain } = await startTimestampAuthority(t);
  const data = await temporaryFolder(t, 'data');
  const file = join(data, 'report.txt');
  await writeFile(file, 'found nothing\n');
  const away = { EXPORT_CENTER_TIMESTAMP_AUTHORITY: 'http://localhost:9/', EXPORT_CENTER_TIMESTAMP_CHAIN: chain };
  const { code, stderr } = await runExportCenter(['sign', file, '--data', data], { env: away });
  assert.equal(code, 4, stderr);
  assert.match(stderr, /localhost:9/);
  assert.ok(!existsSync(`${file}.sigstore.json`));
});
