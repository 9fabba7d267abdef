// oras, crane and skopeo, unmodified, against our registry.

import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { judgeOrSkip } from '../../judges.ts';
import { mustRun, runProgram } from '../../support/run-program.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { startRegistry, type StartedRegistry } from '../start-registry.ts';

type Desk = { readonly registry: StartedRegistry; readonly folder: string; readonly env: Record<string, string> };

/** A registry, a folder to work in, and credentials of the operator in a config.json of their own. */
async function openDesk(t: TestContext): Promise<Desk> {
  const registry = await startRegistry(t);
  const folder = await temporaryFolder(t, 'clients');
  const config = join(folder, 'docker');
  await mkdir(config);
  const auth = Buffer.from(`operator:${registry.token}`).toString('base64');
  await writeFile(join(config, 'config.json'), JSON.stringify({ auths: { [registry.host]: { auth } } }));
  return { registry, folder, env: { DOCKER_CONFIG: config, HOME: folder, ORAS_CACHE: '' } };
}

/** Three files, one of them larger than what the server keeps in memory, pushed by oras under `one:v1`. */
async function pushArtifact(oras: string, { registry, folder, env }: Desk): Promise<string> {
  const source = join(folder, 'source');
  await mkdir(source);
  await writeFile(join(source, 'small.txt'), 'small\n');
  await writeFile(join(source, 'empty.txt'), '');
  await writeFile(join(source, 'large.bin'), Buffer.alloc(9_000_000, 'larger than any buffer on the way '));
  const files = ['small.txt', 'empty.txt', 'large.bin'].map((file) => `${file}:application/vnd.test.file`);
  const args = ['push', `${registry.host}/default/one:v1`, '--artifact-type', 'application/vnd.test', ...files];
  await mustRun(oras, args, { cwd: source, env });
  return source;
}

describe('stock clients', { concurrency: 2 }, () => {
  it('oras logs in with the operator token and is refused with another one', async (t) => {
    const oras = judgeOrSkip(t, 'oras');
    if (oras === undefined) return;
    const { registry, env } = await openDesk(t);
    const login = (input: string) =>
      runProgram(oras, ['login', registry.host, '-u', 'operator', '--password-stdin'], { env, input });
    assert.equal((await login('wrong')).code, 1);
    const right = await login(registry.token);
    assert.equal(right.code, 0, right.stderr);
  });

  it('oras pushes with credentials, and pulls the same bytes without any', async (t) => {
    const oras = judgeOrSkip(t, 'oras');
    if (oras === undefined) return;
    const desk = await openDesk(t);
    const source = await pushArtifact(oras, desk);
    const out = join(desk.folder, 'out');
    const anonymous = { ...desk.env, DOCKER_CONFIG: join(desk.folder, 'nobody') };
    await mustRun(oras, ['pull', `${desk.registry.host}/default/one:v1`, '-o', out], { env: anonymous });
    for (const file of ['small.txt', 'empty.txt', 'large.bin']) {
      assert.deepEqual(await readFile(join(out, file)), await readFile(join(source, file)), file);
    }
    const push = await runProgram(oras, ['tag', `${desk.registry.host}/default/one:v1`, 'v2'], { env: anonymous });
    assert.notEqual(push.code, 0);
  });

  it('oras copies an artifact with its referrers to another repository and to a layout, and discovers them', async (t) => {
    const oras = judgeOrSkip(t, 'oras');
    if (oras === undefined) return;
    const desk = await openDesk(t);
    const source = await pushArtifact(oras, desk);
    const { env, registry, folder } = desk;
    const from = `${registry.host}/default/one:v1`;
    const attach = ['attach', '--artifact-type', 'application/vnd.test.signature', from, 'small.txt:text/plain'];
    await mustRun(oras, attach, { cwd: source, env });
    const to = `${registry.host}/default/two:v1`;
    const uploaded = registry.log.filter((entry) => entry.status === 202).length;
    await mustRun(oras, ['cp', '-r', from, to], { env });
    assert.equal(registry.log.filter((entry) => entry.status === 202).length, uploaded, 'every blob was mounted');
    await mustRun(oras, ['cp', '-r', from, '--to-oci-layout', `${folder}/layout:v1`], { env });
    for (const reference of [[to], ['--oci-layout', `${folder}/layout:v1`]]) {
      const found = await mustRun(oras, ['discover', '--format', 'json', ...reference], { env });
      assert.match(found, /"artifactType": *"application\/vnd\.test\.signature"/);
    }
  });

  it('crane reads, copies, lists and deletes', async (t) => {
    const [oras, crane] = [judgeOrSkip(t, 'oras'), judgeOrSkip(t, 'crane')];
    if (oras === undefined || crane === undefined) return;
    const desk = await openDesk(t);
    await pushArtifact(oras, desk);
    const { env, registry } = desk;
    const one = `${registry.host}/default/one`;
    const manifest = await mustRun(crane, ['manifest', `${one}:v1`], { env });
    const { layers } = JSON.parse(manifest) as { layers: { digest: string; size: number }[] };
    assert.equal(await mustRun(crane, ['blob', `${one}@${layers[0]?.digest}`], { env }), 'small\n');
    await mustRun(crane, ['copy', `${one}:v1`, `${registry.host}/default/three:v1`], { env });
    assert.equal(await mustRun(crane, ['manifest', `${registry.host}/default/three:v1`], { env }), manifest);
    await mustRun(crane, ['tag', `${one}:v1`, 'v2'], { env });
    assert.equal(await mustRun(crane, ['ls', one], { env }), 'v1\nv2\n');
    const digest = (await mustRun(crane, ['digest', `${one}:v1`], { env })).trim();
    await mustRun(crane, ['delete', `${one}@${digest}`], { env });
    assert.equal(await mustRun(crane, ['ls', one], { env }), '');
  });

  it('crane validates an image that crane appended to nothing', async (t) => {
    const crane = judgeOrSkip(t, 'crane');
    if (crane === undefined) return;
    const { env, registry, folder } = await openDesk(t);
    await writeFile(join(folder, 'file.txt'), 'in an image\n');
    await mustRun('tar', ['-czf', 'layer.tar.gz', 'file.txt'], { cwd: folder });
    const image = `${registry.host}/default/image:v1`;
    await mustRun(crane, ['append', '-f', 'layer.tar.gz', '-t', image, '--oci-empty-base'], { cwd: folder, env });
    const validated = await runProgram(crane, ['validate', '--remote', image], { env });
    assert.match(validated.stdout + validated.stderr, /PASS/);
  });

  it('skopeo copies an artifact to another repository without changing its digest', async (t) => {
    const [oras, skopeo] = [judgeOrSkip(t, 'oras'), judgeOrSkip(t, 'skopeo')];
    if (oras === undefined || skopeo === undefined) return;
    const desk = await openDesk(t);
    await pushArtifact(oras, desk);
    const { env, registry, folder } = desk;
    const [from, to] = [`docker://${registry.host}/default/one:v1`, `docker://${registry.host}/default/four:v1`];
    const plain = ['--src-tls-verify=false', '--dest-tls-verify=false'];
    const authfile = ['--authfile', join(folder, 'docker', 'config.json'), '--insecure-policy'];
    await mustRun(skopeo, ['copy', '--all', ...plain, ...authfile, from, to], { env });
    const digests = ['one', 'four'].map(
      async (name) => (await registry.storage.repository(`default/${name}`).resolve('v1'))?.digest,
    );
    const [original, copied] = await Promise.all(digests);
    assert.ok(original);
    assert.equal(copied, original);
  });
});
