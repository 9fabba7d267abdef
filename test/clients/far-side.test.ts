// Published a hundred days ago, carried over the gap, and never seen again: the publisher's program runs with a clock that
// is so far back, everybody else lives in the present. Its timestamp is over; with the far side's own all verifies.

import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { sampleEvidence } from '../../scripts/sample-evidence.ts';
import type { VerifyResult } from '../../src/consumer/types.ts';
import type { RunResult } from '../../src/runs/center.ts';
import { judge, skipWithout } from '../judges.ts';
import { startDistribution } from '../support/distribution.ts';
import { mustRun, runProgram, type ProgramResult } from '../support/run-program.ts';
import { serveOn } from '../support/serve-on.ts';
import { exportCenterJson, runExportCenter, startService } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { cosigns, type Cosign } from './cosign.ts';

const judges = [...cosigns, 'tuf-client', 'registry', 'faketime'] as const;
/** In the words of go-tuf, cosign and our own client alike. */
const expired = /timestamp\.json is expired/;

/** What crosses the gap, and what is handed out once by another way. */
type Arrived = { readonly stick: string; readonly handedOut: string; readonly digest: string };

describe('what was published a hundred days ago', { skip: skipWithout(...judges) }, () => {
  it('is refused as expired, and verifies with the timestamps of the far side', async (t) => {
    const [library] = globSync('/usr/lib/*/faketime/libfaketime.so.1');
    if (library === undefined) return t.skip('the library of faketime is not here');
    const past = { LD_PRELOAD: library, FAKETIME: '-100d', FAKETIME_DONT_FAKE_MONOTONIC: '1' };
    const arrived = await publishedIn(past, t);
    const { stick, handedOut } = arrived;
    const url = await serveFolder(t, join(stick, 'tuf'));
    const inside = await startDistribution(t);
    await exportCenterJson(['mirror', 'push', join(stick, 'mirror'), `${inside.host}/inside/mirror`]);
    const reference = `${inside.host}/inside/mirror:latest`;

    const late = await verifyKit(arrived);
    assert.deepEqual([late.code, late.result.failed], [3, ['tuf']]);
    assert.match(JSON.stringify(late.result), expired);
    const client = await openClient(t, arrived, url);
    assert.match((await client()).stderr, expired);
    for (const version of cosigns) {
      const cosign = await openCosign(t, version, arrived, url);
      assert.match((await cosign.initialize()).stderr, expired, version);
      assert.notEqual((await cosign.verify(reference)).code, 0, version);
    }

    await exportCenterJson(['tuf', 'renew', join(stick, 'tuf'), join(handedOut, 'far.pem'), '--days', '60']);
    const { code, result } = await verifyKit(arrived);
    assert.deepEqual([code, result.failed], [0, []]);
    assert.ok(result.checks.every(({ ok }) => ok));
    const found = await client();
    assert.equal(found.code, 0, found.stderr);
    for (const version of cosigns) {
      const cosign = await openCosign(t, version, arrived, url);
      const { stderr } = await cosign.initialize();
      assert.doesNotMatch(stderr, /WARN|error/i, version);
      const verified = await cosign.verify(reference);
      assert.equal(verified.code, 0, verified.stderr);
      assert.ok(verified.stdout.includes(arrived.digest));
    }
  });
});

/** The publisher's part, as the runbook has it. The service lives and ends in the past. */
async function publishedIn(past: Readonly<Record<string, string>>, t: TestContext): Promise<Arrived> {
  const service = await startService(t, { env: past });
  const data = ['--data', service.data];
  const by = (...args: string[]): Promise<unknown> => exportCenterJson([...args, ...data], { env: past });
  const [stick, handedOut] = [await temporaryFolder(t, 'stick'), await temporaryFolder(t, 'handed-out')];
  const file = (name: string): string => join(handedOut, name);
  const { source, licence, attribution, day1 } = sampleEvidence;
  await by('ingest', source, day1, '--licence', licence, '--attribution', attribution);
  const { digest } = (await by('run', 'mirror:full')) as RunResult;
  await writeFile(file('cosign.pub'), (await runExportCenter(['keys', 'public', ...data])).stdout);

  await exportCenterJson(['tuf', 'new-key', file('far.pem')]);
  const kit = ['--repository', 'default/kit'];
  await by('tuf', 'kit', join(stick, 'tuf'));
  await by('tuf', 'rotate', file('draft.json'), ...kit);
  await exportCenterJson(['tuf', 'add-key', file('draft.json'), 'timestamp', file('far.pem.pub')]);
  await by('tuf', 'publish', file('draft.json'), ...kit);
  await by('tuf', 'kit', join(stick, 'tuf'));
  await exportCenterJson(
    ['mirror', 'pull', `${service.host}/default/mirror:latest`, join(stick, 'mirror'), '--key', file('cosign.pub')],
    { env: past },
  );
  await copyFile(join(service.data, 'tuf', 'default', 'kit', 'root.json'), file('root.json'));
  await copyFile(join(service.data, 'trust', 'trusted_root.json'), file('trusted_root.json'));
  await refusedAsLongAsItRuns(t, service);
  await service.program.stop();
  return { stick, handedOut, digest };
}

/** Programs of the present on the service itself, which believes that its timestamp has another day. */
async function refusedAsLongAsItRuns(t: TestContext, { url, data }: { url: string; data: string }): Promise<void> {
  const home = await temporaryFolder(t, 'home');
  const args = ['initialize', '--mirror', `${url}/tuf/trust`, '--root', join(data, 'trust', 'root.json')];
  for (const version of cosigns) {
    const { stderr } = await runProgram(judge(version), args, { env: { HOME: home, TUF_ROOT: join(home, version) } });
    assert.match(stderr, expired, version);
  }
}

async function verifyKit({ stick, handedOut }: Arrived): Promise<{ code: number | null; result: VerifyResult }> {
  const given = ['--key', join(handedOut, 'cosign.pub'), '--trusted-root', join(handedOut, 'trusted_root.json')];
  const tuf = ['--tuf-root', join(handedOut, 'root.json')];
  const { code, stdout } = await runExportCenter(['verify', stick, ...given, ...tuf, '--offline', '--json']);
  return { code, result: JSON.parse(stdout) as VerifyResult };
}

/** go-tuf's client, which looks for the mirror's newest state. */
async function openClient(t: TestContext, { handedOut }: Arrived, url: string): Promise<() => Promise<ProgramResult>> {
  const cwd = await temporaryFolder(t, 'tuf-client');
  await copyFile(join(handedOut, 'root.json'), join(cwd, 'root.json'));
  await mustRun(judge('tuf-client'), ['init', '-u', url, '-f', 'root.json'], { cwd });
  return () => runProgram(judge('tuf-client'), ['get', '-u', url, '-t', `${url}/targets`, 'mirror/latest'], { cwd });
}

/** cosign without a trusted root of its own: it takes the one in the kit. */
async function openCosign(t: TestContext, version: Cosign, { handedOut }: Arrived, url: string) {
  const home = await temporaryFolder(t, version);
  await mkdir(join(home, 'tuf'));
  const env = { HOME: home, TUF_ROOT: join(home, 'tuf') };
  const run = (...args: string[]): Promise<ProgramResult> => runProgram(judge(version), args, { env });
  return {
    initialize: () => run('initialize', '--mirror', url, '--root', join(handedOut, 'root.json')),
    verify: (reference: string) => run('verify', '--key', join(handedOut, 'cosign.pub'), reference),
  };
}

function serveFolder(t: TestContext, folder: string): Promise<string> {
  return serveOn(t, async ({ url = '' }, response) => {
    const bytes = await readFile(join(folder, new URL(url, 'http://localhost').pathname)).catch(() => undefined);
    response.writeHead(bytes ? 200 : 404).end(bytes);
  });
}
