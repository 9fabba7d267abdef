// Stock programs on what the service publishes: cosign initialized from it, a TUF client that leads oras to a mirror of a
// thousand shards, and the repository as oras pulls it from the registry.

import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseDigest } from '../../src/core/digest.ts';
import { judgeOrSkip } from '../judges.ts';
import { put } from '../support/center.ts';
import { mustRun } from '../support/run-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openTufWorld } from '../support/tuf-world.ts';

test('cosign initialize takes the trust repository of a new service and verifies a bundle with it', async (t) => {
  const cosign = judgeOrSkip(t, 'cosign');
  if (cosign === undefined) return;
  const world = await openTufWorld(t);
  await world.center.setPublicUrl(`http://${world.host}`);
  await world.center.ensureTrust();
  await world.ingest([put('osv', 'GO-1')]);
  const { digest } = await world.succeed('mirror:full');
  const home = await temporaryFolder(t, 'cosign');
  const key = join(home, 'cosign.pub');
  const [active] = (await world.center.keys()).filter((found) => found.active);
  await writeFile(key, active?.publicKey ?? '');
  const env = { HOME: home, TUF_ROOT: join(home, 'tuf') };
  const root = join(world.data, 'trust', 'root.json');
  await mustRun(cosign, ['initialize', '--mirror', `http://${world.host}/tuf/trust`, '--root', root], { env });
  const said = await mustRun(cosign, ['verify', '--key', key, `${world.host}/default/mirror@${digest}`], { env });
  assert.ok(said.includes(digest));
});

test('go-tuf leads to the digest of a mirror of a thousand shards, and oras brings it', async (t) => {
  const [client, oras] = [judgeOrSkip(t, 'tuf-client'), judgeOrSkip(t, 'oras')];
  if (client === undefined || oras === undefined) return;
  const world = await openTufWorld(t);
  await world.ingest(Array.from({ length: 1_000 }, (_, at) => put(`s${at}`, `X-${at}`)));
  const { digest, layers } = await world.succeed('mirror:full');
  assert.ok(layers >= 1_000);
  const dir = await temporaryFolder(t, 'go-tuf');
  await writeFile(join(dir, 'root.json'), await world.firstRoot('default'));
  const url = `${world.url}/tuf/default`;
  await mustRun(client, ['init', '-u', url, '-f', 'root.json'], { cwd: dir });
  await mustRun(client, ['get', '-u', url, '-t', `${url}/targets`, 'mirror/latest'], { cwd: dir });
  const names = await readdir(join(dir, 'tuf_download'), { recursive: true, withFileTypes: true });
  const [file] = names.filter((name) => name.isFile());
  assert.ok(file);
  const bytes = await readFile(join(file.parentPath, file.name));
  const found = `sha256:${(await import('node:crypto')).hash('sha256', bytes)}`;
  assert.equal(found, digest);
  await mustRun(oras, ['cp', '-r', `${world.host}/default/mirror@${found}`, '--to-oci-layout', `${dir}/mirror:latest`]);
  const index = await mustRun(oras, ['manifest', 'fetch', '--oci-layout', `${dir}/mirror:latest`]);
  assert.equal(index.trim(), bytes.toString());
});

test('oras pull of the metadata gives a folder with the bytes that are served', async (t) => {
  const oras = judgeOrSkip(t, 'oras');
  if (oras === undefined) return;
  const world = await openTufWorld(t);
  await world.center.ensureTrust();
  for (const repository of ['trust', 'default']) {
    const dir = join(await temporaryFolder(t, 'pulled'), repository);
    await mkdir(dir);
    await mustRun(oras, ['pull', `${world.host}/${repository}/tuf:latest`, '--output', dir]);
    const names = (await readdir(dir, { recursive: true })).filter((name) => name !== 'targets');
    assert.ok(names.length >= 4);
    for (const name of names) {
      const served = await fetch(`${world.url}/tuf/${repository}/${name}`);
      assert.equal(await served.text(), await readFile(join(dir, name), 'utf8'), name);
    }
  }
  const manifest = await (await world.center.registryStorage()).repository('trust/tuf').resolve('latest');
  assert.ok(manifest && parseDigest(manifest.digest));
});
