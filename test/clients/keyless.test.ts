// Signatures by an identity: certificates of the real Fulcio, which cosign checks without a key and without any switch.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { sampleEvidence } from '../../scripts/sample-evidence.ts';
import { judge, skipWithout } from '../judges.ts';
import { startFulcio } from '../support/fulcio.ts';
import { mustRun, runProgram } from '../support/run-program.ts';
import { exportCenterJson, runExportCenter, startService } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

type Result = { readonly reference: string; readonly digest: string; readonly bytesNew: number };

const skip = skipWithout('fulcio', 'cosign', 'cosign2', 'oras');

test('what a service with an identity publishes is verified by cosign as that identity', { skip }, async (t) => {
  const folder = await temporaryFolder(t, 'keyless');
  const fulcio = await startFulcio(t);
  const cosign = judge('cosign');
  const start = 'start-time=2020-01-01T00:00:00Z';
  const theirs = join(folder, 'their-root.json');
  const services = [
    `--fulcio=url=${fulcio.url},certificate-chain=${fulcio.chain},${start}`,
    `--ctfe=url=${fulcio.url}/log,public-key=${fulcio.logKey},${start}`,
  ];
  await mustRun(cosign, ['trusted-root', 'create', ...services, '--out', theirs]);
  const tokenFile = join(folder, 'token');
  const identity = 'exports@example.org';
  const env = {
    EXPORT_CENTER_FULCIO: fulcio.url,
    EXPORT_CENTER_IDENTITY: identity,
    EXPORT_CENTER_IDENTITY_ISSUER: fulcio.issuer,
    EXPORT_CENTER_IDENTITY_TOKEN_FILE: tokenFile,
    EXPORT_CENTER_TRUSTED_ROOT: theirs,
  };
  const service = await startService(t, { env });
  const data = ['--data', service.data];
  const { source, licence, attribution, day1 } = sampleEvidence;
  await exportCenterJson(['ingest', source, day1, '--licence', licence, '--attribution', attribution, ...data]);
  const run = async (): Promise<Result> => (await exportCenterJson(['run', 'mirror:full', ...data])) as Result;

  await writeFile(tokenFile, fulcio.token('somebody.else@example.org'));
  const foreign = await runExportCenter(['run', 'mirror:full', ...data]);
  assert.equal(foreign.code, 3, foreign.stderr);
  assert.match(foreign.stderr, /somebody else signed it/);
  await writeFile(tokenFile, `${fulcio.token(identity).slice(0, -8)}AAAAAAAA`);
  const forged = await runExportCenter(['run', 'mirror:full', ...data]);
  assert.match(forged.stderr, /refused the identity token/);
  assert.doesNotMatch(forged.stderr, /AAAAAAAA/);

  await writeFile(tokenFile, `${fulcio.token(identity)}\n`);
  const published = await run();
  const subject = published.reference.replace(/^[^/]+/, service.host);
  const trust = ['--trusted-root', join(service.data, 'trust', 'trusted_root.json')];
  const as = (name: string, issuer: string) => ['--certificate-identity', name, '--certificate-oidc-issuer', issuer];
  const known = as(identity, fulcio.issuer);
  const attestation = ['verify-attestation', '--type', 'slsaprovenance1'];
  const home = { HOME: folder, HTTPS_PROXY: 'http://localhost:9' };
  for (const [args, holds] of [
    [['verify', ...trust, ...known, subject], true],
    [[...attestation, ...trust, ...known, subject], true],
    [['verify', ...trust, ...as('other@example.org', fulcio.issuer), subject], false],
    [['verify', ...trust, ...as(identity, 'https://issuer.example'), subject], false],
    [['verify', '--trusted-root', theirs, ...known, subject], false],
  ] as const) {
    const { code, stderr } = await runProgram(cosign, args, { env: home });
    assert.equal(code === 0, holds, `${args.join(' ')}\n${stderr}`);
  }

  await mustRun(judge('cosign2'), ['verify', '--new-bundle-format', ...trust, ...known, subject], { env: home });
  // Without that switch cosign 2 looks below the tags.
  for (const [args, holds] of [
    [['verify', ...trust, ...known, subject], true],
    [[...attestation, ...trust, ...known, subject], true],
    [['verify', ...trust, ...as('other@example.org', fulcio.issuer), subject], false],
    [['verify', '--trusted-root', theirs, ...known, subject], false],
  ] as const) {
    const { code, stderr } = await runProgram(judge('cosign2'), args, { env: home });
    assert.equal(code === 0, holds, `cosign 2 ${args.join(' ')}\n${stderr}`);
  }
  const layout = join(folder, 'without-referrers');
  const hex = published.digest.replace(':', '-');
  for (const tag of ['latest', `${hex}.sig`, `${hex}.att`]) {
    const from = `${service.host}/default/mirror:${tag}`;
    await mustRun(judge('oras'), ['cp', from, '--to-oci-layout', `${layout}:${tag}`]);
  }
  await exportCenterJson(['verify', `${layout}:latest`, ...trust, ...known]);
  const mirror = join(folder, 'mirror');
  await exportCenterJson(['mirror', 'pull', `${service.host}/default/mirror:latest`, mirror]);
  await exportCenterJson(['verify', mirror, ...trust, ...known]);
  const stranger = await runExportCenter(['verify', `${layout}:latest`, ...trust, ...as('x', fulcio.issuer)]);
  assert.equal(stranger.code, 3, stranger.stdout);
  for (const [args, expected] of [
    [[...trust, ...known], { code: 0, failed: [] }],
    [[...trust, ...as('exports@example.orgx', fulcio.issuer)], { code: 3, failed: ['identity'] }],
    [[...trust, ...as('exports.example.org', fulcio.issuer)], { code: 3, failed: ['identity'] }],
    [[...trust, ...as(identity, 'https://issuer.example')], { code: 3, failed: ['identity'] }],
    [['--trusted-root', theirs, ...known], { code: 3, failed: ['identity'] }],
    [known, { code: 3, failed: ['identity'] }],
  ] as const) {
    const { code, stdout } = await runExportCenter(['verify', subject, ...args, '--json']);
    const { failed } = JSON.parse(stdout) as { failed: string[] };
    assert.deepEqual({ code, failed }, expected, stdout);
  }
  const half = await runExportCenter(['verify', subject, ...trust, '--certificate-identity', identity]);
  assert.equal(half.code, 2);

  await writeFile(tokenFile, 'over\n');
  const again = await run();
  assert.deepEqual([again.digest, again.bytesNew], [published.digest, 0], 'nothing is missing, so no token is needed');
  const tree = await mustRun(judge('oras'), ['discover', '--format', 'json', subject]);
  assert.equal(tree.match(/"application\/vnd\.dev\.sigstore\.bundle\.v0\.3\+json"/g)?.length, 4);
});
