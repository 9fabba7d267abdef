// Behind a firewall: the program in a namespace without any network but loopback, on which a CONNECT proxy is the only way
// out. A feed and a registry, both by https with certificates of a private authority, are reached through it.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { sampleEvidence } from '../../scripts/sample-evidence.ts';
import type { RunResult } from '../../src/runs/center.ts';
import { judge, skipWithout } from '../judges.ts';
import { makeCertificates } from '../registry/client/certificates.ts';
import { startHttpServer, type Handler } from '../registry/client/http-server.ts';
import { bridgePort, namespaceJudges, runClosed } from '../support/closed-namespace.ts';
import { startConnectProxy } from '../support/connect-proxy.ts';
import { startDistribution } from '../support/distribution.ts';
import { mustRun, type ProgramResult } from '../support/run-program.ts';
import { clean, launcher } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const skip = skipWithout('registry', 'crane', ...namespaceJudges);
const feedName = 'feeds.test:443';
const registryName = 'registry.test:443';
const destination = 'registry.test/security/mirror';

describe('behind a closed network', { skip }, () => {
  it('ingest, registry check and run --to go through the proxy and nowhere else', async (t) => {
    const outside = await startOutside(t);
    if (outside === undefined) return;
    const { inside, proxy, feed, crane } = outside;
    const ingest = ['ingest', sampleEvidence.source, 'https://feeds.test/day-1.jsonl.gz'];

    const direct = await inside(ingest, { HTTPS_PROXY: undefined });
    assert.equal(direct.code, 4, `${direct.stderr}${direct.stdout}`);
    const excluded = await inside(ingest, { NO_PROXY: 'feeds.test' });
    assert.equal(excluded.code, 4, `${excluded.stderr}${excluded.stdout}`);
    assert.deepEqual([proxy.asked, feed.seen], [[], []], 'nothing got out');
    const stranger = await inside(ingest, {}, false);
    assert.notEqual(stranger.code, 0, 'without the file of the authority');

    const { added } = json(await inside(ingest)) as { added: number };
    const golden = JSON.parse(await readFile(goldenFile, 'utf8')) as { states: { records: number }[] };
    assert.equal(added, golden.states[0]?.records);
    await inside(ingest);
    assert.equal(feed.seen.at(-1)?.headers['if-none-match'], '"day-1"');

    json(await inside(['registry', 'check', destination]));
    const { digest, reference } = json(await inside(['run', 'mirror:full', '--to', destination])) as RunResult;
    assert.equal(reference, `${destination}:latest`);
    assert.equal((await crane('digest', 'security/mirror:latest')).trim(), digest);
    assert.deepEqual(new Set(proxy.asked), new Set([`${feedName} -`, `${registryName} -`]));
  });
});

const goldenFile = join(import.meta.dirname, '..', '..', 'registry-fixtures', 'osv', 'golden.json');

/** What lies beyond the proxy, and the program on this side of it. */
async function startOutside(t: TestContext) {
  const certificates = await makeCertificates(t);
  if (certificates === undefined) return undefined;
  const folder = await temporaryFolder(t, 'closed');
  const file = (name: string): string => join(folder, name);
  for (const name of ['ca', 'key', 'cert'] as const) await writeFile(file(`${name}.pem`), certificates[name]);
  const feed = await startHttpServer(t, await feedOf(sampleEvidence.day1), certificates);
  const http = `  tls: {certificate: ${file('cert.pem')}, key: ${file('key.pem')}}`;
  const { host } = await startDistribution(t, { http });
  const ports = new Map([
    [feedName, feed.port],
    [registryName, Number(host.split(':')[1])],
  ]);
  const socketFile = file('proxy');
  const proxy = await startConnectProxy(t, { portOf: (target) => ports.get(target), socketFile });

  const inside = (args: readonly string[], env = {}, trusted = true): Promise<ProgramResult> => {
    const trust = trusted ? ['--ca-file', file('ca.pem')] : [];
    return runClosed(process.execPath, [launcher, ...args, '--data', file('data'), ...trust, '--json'], {
      bridgeTo: socketFile,
      env: { ...clean, HTTPS_PROXY: `http://127.0.0.1:${bridgePort}`, NO_PROXY: undefined, ...env },
    });
  };
  const crane = (verb: string, name: string): Promise<string> =>
    mustRun(judge('crane'), [verb, `${host}/${name}`], { env: { SSL_CERT_FILE: file('ca.pem') } });
  return { inside, proxy, feed, crane };
}

async function feedOf(path: string): Promise<Handler> {
  const bytes = await readFile(path);
  return ({ headers }, response) => {
    const isKnown = headers['if-none-match'] === '"day-1"';
    response.writeHead(isKnown ? 304 : 200, { etag: '"day-1"' }).end(isKnown ? undefined : bytes);
  };
}

function json({ code, stdout, stderr }: ProgramResult): unknown {
  assert.equal(code, 0, stderr + stdout);
  return JSON.parse(stdout);
}
