// What private-ca.test.ts runs in its namespace: `private-ca-child.ts FOLDER ADDRESS`, with ca.pem, cert.pem and key.pem for
// registry.test in the folder. Prints a line for each client that passed.

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { sampleEvidence } from '../../scripts/sample-evidence.ts';
import { digestOf } from '../../src/core/digest.ts';
import type { RunResult } from '../../src/runs/center.ts';
import { judge, skipWithout } from '../judges.ts';
import { startDistribution } from '../support/distribution.ts';
import { mustRun, runProgram } from '../support/run-program.ts';
import type { Scope } from '../support/scope.ts';
import { exportCenterJson, runExportCenter, startService } from '../support/service.ts';
import { withScope } from '../support/with-scope.ts';

const [folder = '', address = ''] = process.argv.slice(2);
const file = (name: string): string => join(folder, name);
const name = 'registry.test:8443';
const origin = `https://${name}`;
const home = { HOME: file('home'), DOCKER_CONFIG: file('home'), SSL_CERT_FILE: undefined };
const ca = ['--ca-file', file('ca.pem')];

await mkdir(file('home'));
await withScope(inNamespace);
console.log('all done');

async function inNamespace(scope: Scope): Promise<void> {
  const tls = ['--tls-cert', file('cert.pem'), '--tls-key', file('key.pem')];
  const args = ['--listen', `${address}:8443`, '--public-url', origin, ...tls];
  const { data } = await startService(scope, { data: file('data'), args });
  const { source, licence, attribution, day1, day2 } = sampleEvidence;
  const facts = ['--licence', licence, '--attribution', attribution, '--data', data];
  await exportCenterJson(['ingest', source, day1, ...facts]);
  const first = (await exportCenterJson(['run', 'mirror:full', '--data', data])) as RunResult;
  assert.ok(first.reference.startsWith(`${name}/default/mirror`), first.reference);
  await writeFile(file('cosign.pub'), (await runExportCenter(['keys', 'public', '--data', data])).stdout);
  await exportCenterJson(['ingest', source, await largeChange(day1), ...facts]);
  await ours((await exportCenterJson(['run', 'mirror:full', '--data', data])) as RunResult);
  await exportCenterJson(['ingest', source, day2, ...facts]);
  await exportCenterJson(['run', 'mirror:delta', '--data', data]);
  const second = (await exportCenterJson(['run', 'mirror:full', '--data', data])) as RunResult;
  await byCosign(name, 'default/mirror', second);
  await byCosignWithEnvironment();
  await byInitializedCosign(second);
  await byOras(second);
  await byRekor();
  await derivedElsewhere(scope, second);
  if (!skipWithout('trivy')) await byTrivy(data);
}

/** So much of the feed in other words that the next export takes the state as its new base. */
async function largeChange(feed: string): Promise<string> {
  const lines = gunzipSync(await readFile(feed))
    .toString('utf8')
    .trim()
    .split('\n');
  const changed = lines.map((line, at) => {
    const { text, ...place } = JSON.parse(line) as { text: string };
    const note = Array.from({ length: 8 }, (_, part) => hash('sha256', `${at} ${part}`)).join('');
    return `${JSON.stringify({ ...place, text: JSON.stringify({ ...(JSON.parse(text) as object), details: note }) })}\n`;
  });
  await writeFile(file('large-change.jsonl.gz'), gzipSync(changed.join('')));
  return file('large-change.jsonl.gz');
}

/** Our own consumer, as a stranger without a folder of the service. */
async function ours({ digest }: RunResult): Promise<void> {
  const pull = ['mirror', 'pull', `${name}/default/mirror:latest`, file('mirror'), '--key', file('cosign.pub')];
  assert.notEqual((await runExportCenter(pull)).code, 0, 'without the authority');
  assert.equal(((await exportCenterJson([...pull, ...ca])) as { digest: string }).digest, digest);
  console.log('export-center');
}

/** The documented commands, with the authority's file. */
async function byCosign(registry: string, repository: string, { digest }: RunResult): Promise<void> {
  for (const version of ['cosign', 'cosign2'] as const) {
    const [verify = [], attestation = []] = commandsFor(`${registry}/${repository}:latest`);
    const known = ['--registry-cacert', file('ca.pem')];
    assert.ok((await mustRun(judge(version), [...verify, ...known], { env: home })).includes(digest));
    await mustRun(judge(version), [...attestation, ...known], { env: home });
    console.log(version, 'on', registry);
  }
}

/** The same without the authority, and with it named as every Go program takes it. */
async function byCosignWithEnvironment(): Promise<void> {
  for (const version of ['cosign', 'cosign2'] as const) {
    const [verify = []] = commandsFor(`${name}/default/mirror:latest`);
    assert.notEqual((await runProgram(judge(version), verify, { env: home })).code, 0, 'without the authority');
    await mustRun(judge(version), verify, { env: { ...home, SSL_CERT_FILE: file('ca.pem') } });
  }
}

function commandsFor(reference: string): string[][] {
  const trust = ['--key', file('cosign.pub'), '--trusted-root', file('data/trust/trusted_root.json'), reference];
  return [
    ['verify', ...trust],
    ['verify-attestation', '--type', 'slsaprovenance1', ...trust],
  ];
}

/** Initialized once from the service's own trust repository, cosign needs the key and nothing else. */
async function byInitializedCosign(result: RunResult): Promise<void> {
  const root = file('data/trust/root.json');
  for (const version of ['cosign', 'cosign2'] as const) {
    const env = initializedHome(version);
    await mkdir(env.HOME);
    const verify = ['verify', '--key', file('cosign.pub'), `${name}/default/mirror:latest`];
    assert.notEqual((await runProgram(judge(version), verify, { env })).code, 0, 'before it is initialized');
    await mustRun(judge(version), ['initialize', '--mirror', `${origin}/tuf/trust`, '--root', root], { env });
    await byPlainCosign(version, `${name}/default/mirror:latest`, result);
  }
}

function initializedHome(version: 'cosign' | 'cosign2') {
  return { ...home, HOME: file(`home-of-${version}`), SSL_CERT_FILE: file('ca.pem') };
}

async function byPlainCosign(
  version: 'cosign' | 'cosign2',
  reference: string,
  { digest }: Pick<RunResult, 'digest'>,
): Promise<void> {
  const env = initializedHome(version);
  const known = ['--key', file('cosign.pub'), reference];
  assert.ok((await mustRun(judge(version), ['verify', ...known], { env })).includes(digest));
  await mustRun(judge(version), ['verify-attestation', '--type', 'slsaprovenance1', ...known], { env });
  console.log(version, 'initialized once, on', reference);
}

async function byOras({ digest }: RunResult): Promise<void> {
  const copy = ['cp', '-r', `${name}/default/mirror:latest`, '--to-oci-layout', `${file('layout')}:latest`];
  assert.notEqual((await runProgram(judge('oras'), copy, { env: home })).code, 0, 'without the authority');
  await mustRun(judge('oras'), [...copy, '--from-ca-file', file('ca.pem')], { env: home });
  const resolved = await mustRun(judge('oras'), ['resolve', '--oci-layout', `${file('layout')}:latest`], { env: home });
  assert.equal(resolved.trim(), digest);
  console.log('oras');
}

async function byRekor(): Promise<void> {
  if (skipWithout('rekor-cli')) return;
  const info = ['loginfo', '--rekor_server', `${origin}/log`, '--format', 'json'];
  const env = { ...home, SSL_CERT_FILE: file('ca.pem') };
  assert.ok(
    (JSON.parse(await mustRun(judge('rekor-cli'), info, { env })) as { ActiveTreeSize: number }).ActiveTreeSize >= 6,
  );
  console.log('rekor-cli');
}

/** Yesterday's mirror derives today's new base, is pushed to another registry, and verifies there by the publisher's signature. */
async function derivedElsewhere(scope: Scope, today: RunResult): Promise<void> {
  const pull = ['mirror', 'pull', `${name}/default/mirror:latest`, file('mirror'), '--key', file('cosign.pub'), ...ca];
  const { digest, shardsDerived } = (await exportCenterJson(pull)) as { digest: string; shardsDerived: number };
  assert.equal(digest, today.digest);
  assert.ok(shardsDerived > 0);
  const far = await startDistribution(scope, {
    http: `  tls: {certificate: ${file('cert.pem')}, key: ${file('key.pem')}}`,
  });
  await exportCenterJson(['mirror', 'push', file('mirror'), `${far.host}/security/mirror`, ...ca]);
  console.log(`derived ${shardsDerived} shards`);
  await byCosign(far.host, 'security/mirror', today);
  const reference = `${far.host}/security/mirror:latest`;
  for (const version of ['cosign', 'cosign2'] as const) await byPlainCosign(version, reference, today);
  await byTuf(`${far.host}/security/mirror`, today);
}

/** What a TUF client says is current is what the other registry has, and its digest leads oras to it there. */
async function byTuf(repository: string, { digest }: RunResult): Promise<void> {
  const dir = file('tuf-client');
  await mkdir(dir);
  await copyFile(file('data/tuf/default/root.json'), join(dir, 'root.json'));
  const url = `${origin}/tuf/default`;
  const options = { cwd: dir, env: { ...home, SSL_CERT_FILE: file('ca.pem') } };
  await mustRun(judge('tuf-client'), ['init', '-u', url, '-f', 'root.json'], options);
  await mustRun(judge('tuf-client'), ['get', '-u', url, '-t', `${url}/targets`, 'mirror/latest'], options);
  const bytes = await readFile(await onlyFile(join(dir, 'tuf_download')));
  assert.equal(digestOf(bytes), digest);
  const fetched = ['manifest', 'fetch', `${repository}@${digest}`, '--plain-http=false', '--ca-file', file('ca.pem')];
  assert.equal((await mustRun(judge('oras'), fetched, { env: home })).trim(), bytes.toString());
  console.log('tuf-client leads to', repository);
}

async function onlyFile(dir: string): Promise<string> {
  const names = await readdir(dir, { recursive: true, withFileTypes: true });
  const [found, ...more] = names.filter((name) => name.isFile());
  assert.ok(found && more.length === 0, `not one file in ${dir}`);
  return join(found.parentPath, found.name);
}

async function byTrivy(data: string): Promise<void> {
  await exportCenterJson(['run', 'trivy:db', '--data', data]);
  const args = [
    'fs',
    '--quiet',
    '--download-db-only',
    '--db-repository',
    `${name}/default/trivy-db:2`,
    '--cache-dir',
    file('cache'),
  ];
  assert.notEqual((await runProgram(judge('trivy'), args, { env: home })).code, 0, 'without the authority');
  await mustRun(judge('trivy'), args, { env: { ...home, SSL_CERT_FILE: file('ca.pem') } });
  console.log('trivy');
}
