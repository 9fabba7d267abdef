// The files that configure cosign: cosign's own program makes the same ones, and reads ours.

import assert from 'node:assert/strict';
import { readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { generateSigningKey } from '../../src/trust/signing-key.ts';
import { trustFiles, writeTrustFiles } from '../../src/trust/trust-files.ts';
import {
  mergeServices,
  signingConfigJson,
  trustedAuthorityJson,
  trustedLogJson,
  trustedRootJson,
  trustedServices,
} from '../../src/trust/trusted-root.ts';
import { judge, judgeOrSkip } from '../judges.ts';
import { mustRun } from '../support/run-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const start = '2026-01-01T00:00:00Z';
const end = '2030-01-01T00:00:00Z';

/** A chain of two, leaf first, made by openssl. */
async function authorityChain(folder: string): Promise<string> {
  const run = (...args: string[]) => mustRun('openssl', args, { cwd: folder });
  const usage = ['-addext', 'extendedKeyUsage=critical,timeStamping', '-addext', 'basicConstraints=critical,CA:FALSE'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '100'];
  await run(
    'req',
    '-x509',
    ...curve,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/O=Example, Inc/CN=an authority',
  );
  await run(
    'req',
    '-x509',
    ...curve,
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-keyout',
    'leaf.key',
    '-out',
    'leaf.pem',
    ...usage,
    '-subj',
    '/CN=a leaf',
  );
  return (await readFile(join(folder, 'leaf.pem'), 'utf8')) + (await readFile(join(folder, 'ca.pem'), 'utf8'));
}

async function cosignMakes(t: TestContext, folder: string, ...args: string[]): Promise<unknown> {
  await mustRun(judge('cosign'), [...args, '--out', 'out.json'], { cwd: folder, env: { HOME: folder } });
  const text = await readFile(join(folder, 'out.json'), 'utf8');
  t.diagnostic(`${text.length} bytes by cosign`);
  return JSON.parse(text);
}

describe('the trusted root', () => {
  it('is what cosign makes of the same services', async (t) => {
    if (judgeOrSkip(t, 'cosign') === undefined) return;
    const folder = await temporaryFolder(t);
    const chain = await authorityChain(folder);
    const root = await readFile(join(folder, 'ca.pem'), 'utf8');
    const { pem } = generateSigningKey().publicKey;
    await writeFile(join(folder, 'chain.pem'), chain);
    await writeFile(join(folder, 'log.pub'), pem);
    const theirs = await cosignMakes(
      t,
      folder,
      'trusted-root',
      'create',
      `--rekor=url=https://log.example,public-key=log.pub,start-time=${start}`,
      `--tsa=url=https://tsa.example,certificate-chain=chain.pem,start-time=${start},end-time=${end}`,
      `--fulcio=url=https://ca.example,certificate-chain=ca.pem,start-time=${start}`,
    );
    const ours = trustedRootJson({
      tlogs: [trustedLogJson(pem, { start }, 'https://log.example')],
      timestampAuthorities: [trustedAuthorityJson(chain, { start, end }, 'https://tsa.example')],
      certificateAuthorities: [trustedAuthorityJson(root, { start }, 'https://ca.example')],
    });
    assert.deepEqual(JSON.parse(ours), theirs);
  });

  it('has beside ours what an operator gives, each service once and in a fixed order', () => {
    const [ours, theirs] = ['https://ours.example', 'https://theirs.example'].map((url) =>
      trustedLogJson(generateSigningKey().publicKey.pem, { start }, url),
    );
    assert.ok(ours && theirs);
    const file = Buffer.from(trustedRootJson({ tlogs: [theirs, ours], ctlogs: [theirs] }));
    const merged = mergeServices({ tlogs: [ours] }, trustedServices(file, 'a file'));
    const text = trustedRootJson(merged);
    assert.deepEqual(JSON.parse(text).tlogs, [ours, theirs]);
    assert.deepEqual(JSON.parse(text).ctlogs, [theirs]);
    assert.equal(trustedRootJson(mergeServices(merged, trustedServices(file, 'a file'))), text);
  });

  it('refuses what is no trusted root, with the name of the file', () => {
    for (const text of ['', '[]', '{"mediaType":"application/json"}', trustedRootJson().replace('}', ',"tlogs":{}}')]) {
      assert.throws(() => trustedServices(Buffer.from(text), '/srv/public.json'), {
        code: 'INPUT_INVALID',
        message: /^\/srv\/public\.json is not a Sigstore trusted root/,
      });
    }
    assert.throws(() => trustedAuthorityJson('no chain', { start }, 'https://tsa.example'), { code: 'INPUT_INVALID' });
  });
});

describe('the signing config', () => {
  it('is what cosign makes, without services and with a timestamp authority', async (t) => {
    if (judgeOrSkip(t, 'cosign') === undefined) return;
    const folder = await temporaryFolder(t);
    assert.deepEqual(JSON.parse(signingConfigJson()), await cosignMakes(t, folder, 'signing-config', 'create'));
    const url = 'https://tsa.example/api';
    const theirs = await cosignMakes(
      t,
      folder,
      'signing-config',
      'create',
      `--tsa=url=${url},api-version=1,start-time=${start},operator=tsa.example`,
      '--tsa-config=ANY',
    );
    assert.deepEqual(JSON.parse(signingConfigJson([{ url, start }])), theirs);
  });
});

describe('the trust files', () => {
  it('are written once and only again when they differ', async (t) => {
    const dir = await temporaryFolder(t);
    const path = await writeTrustFiles(dir, trustFiles({ services: {} }));
    assert.equal(path, join(dir, 'trust', 'trusted_root.json'));
    const mediaType = 'application/vnd.dev.sigstore.trustedroot+json;version=0.1';
    assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), { mediaType });
    await utimes(path, 1, 1);
    await writeTrustFiles(dir, trustFiles({ services: {} }));
    assert.equal((await stat(path)).mtimeMs, 1_000);
    const { pem } = generateSigningKey().publicKey;
    const tlogs = [trustedLogJson(pem, { start }, 'https://log.example')];
    await writeTrustFiles(dir, trustFiles({ services: { tlogs }, logKey: pem }));
    assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), { mediaType, tlogs });
    assert.equal(await readFile(join(dir, 'trust', 'rekor.pub'), 'utf8'), pem);
  });
});
