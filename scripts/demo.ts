// `npm run demo`: the main job on real advisories, start to end, in the folder .demo. Starts the service, makes bundles of
// two days, takes them over as a consumer, and ends with commands that work on the consumer's folder without a service.
// `npm run demo -- --keep` leaves the service running.

import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { liveService } from '../src/cli/service-lock.ts';
import type { IngestResult } from '../src/evidence/types.ts';
import type { PullResult, VerifyResult } from '../src/consumer/types.ts';
import type { RunResult } from '../src/runs/center.ts';
import { consumerLines, differences, registryLines, resultTable, type DemoRow } from './demo-report.ts';
import { startDemoService, DemoError, runDemoCommand, type DemoService } from './demo-service.ts';
import { sampleEvidence } from './sample-evidence.ts';

const root = join(import.meta.dirname, '..');
const folder = join(root, '.demo');
const marker = join(folder, 'this-is-a-demo');
const data = join('.demo', 'data');
const mirror = '.demo/mirror';
const publicKey = '.demo/cosign.pub';

const args = process.argv.slice(2);
const unknown = args.filter((arg) => arg !== '--keep');

if (unknown.length > 0) fail(new DemoError(`unknown option ${unknown.join(' ')}`, 'npm run demo [-- --keep]'));
else await main(args.includes('--keep')).catch(fail);

async function main(keep: boolean): Promise<void> {
  await freshFolder();
  const service = await startDemoService({ root, data, keep, log: join(folder, 'service.log') });
  let done = false;
  try {
    await demonstrate(service, keep);
    done = true;
  } finally {
    if (!keep || !done) await service.stop();
  }
}

/** Removes an earlier demo, and nothing else. */
async function freshFolder(): Promise<void> {
  const running = existsSync(join(root, data)) ? liveService(join(root, data)) : undefined;
  if (running) {
    throw new DemoError(`the service of an earlier demo still runs at ${running.address}`, `kill ${running.pid}`);
  }
  if (existsSync(folder) && !existsSync(marker) && (await readdir(folder)).length > 0) {
    throw new DemoError('.demo was not made by this command', 'move it away, the demo needs the folder');
  }
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  await writeFile(marker, 'npm run demo removes and makes this folder\n');
}

async function demonstrate(service: DemoService, keep: boolean): Promise<void> {
  const rows: DemoRow[] = [];
  say('service', service.url);
  await ingest('day 1', sampleEvidence.day1);
  rows.push(exported('json:raw, day 1', await command<RunResult>('run', 'json:raw')));
  await command<RunResult>('run', 'mirror:full');
  await writeFile(join(root, publicKey), await runDemoCommand(root, ['keys', 'public', '--data', data]));
  rows.push(pulled('mirror:full, day 1', await pull(service)));
  await ingest('day 2', sampleEvidence.day2);
  const delta = await command<RunResult>('run', 'mirror:delta');
  rows.push(exported('mirror:delta, day 2', delta));
  rows.push(pulled('mirror:full, day 2', await pull(service)));
  await verify();
  print('', ...resultTable(rows));
  print('', ...(await differences(root, rows)));
  if (keep) print('', ...registryLines({ ...service, publicKey, trustedRoot: `${data}/trust/trusted_root.json` }));
  print('', ...consumerLines({ mirror, publicKey }));
}

async function ingest(day: string, from: string): Promise<void> {
  const { source, licence, attribution } = sampleEvidence;
  const options = ['--licence', licence, '--attribution', attribution];
  const { added, changed, removed, rejected } = await command<IngestResult>('ingest', source, from, ...options);
  say(`ingest ${day}`, `${added} added, ${changed} changed, ${removed} removed, ${rejected.length} refused`);
  if (rejected.length > 0) throw new DemoError(`${rejected[0]?.path}: ${rejected[0]?.message}`);
}

async function pull({ host }: DemoService): Promise<PullResult> {
  const reference = `${host}/default/mirror:latest`;
  const result = await consume<PullResult>('mirror', 'pull', reference, mirror, '--key', publicKey);
  say('pull', `${result.bytesFetched} bytes fetched, verified: ${result.verified.join(', ')}`);
  return result;
}

async function verify(): Promise<void> {
  const { ok, checks } = await consume<VerifyResult>('verify', mirror, '--key', publicKey);
  say('verify', checks.map((check) => `${check.name} ${check.ok ? 'ok' : 'FAILED'}`).join(', '));
  if (!ok) throw new DemoError(`${mirror} does not verify`);
}

/** A command of the operator, who has the data folder. */
function command<Result>(...words: string[]): Promise<Result> {
  return consume<Result>(...words, '--data', data);
}

/** A command of anybody. */
async function consume<Result>(...words: string[]): Promise<Result> {
  return JSON.parse(await runDemoCommand(root, [...words, '--json'])) as Result;
}

function exported(name: string, { digest, records, bytes }: RunResult): DemoRow {
  say('run', `${name}: ${digest}`);
  return { name, digest, records, bytes, fetched: undefined };
}

function pulled(name: string, { digest, records, bytesTotal, bytesFetched }: PullResult): DemoRow {
  return { name, digest, records: records ?? 0, bytes: bytesTotal, fetched: bytesFetched };
}

function say(what: string, text: string): void {
  print(`${what.padEnd(13)} ${text}`);
}

function print(...lines: string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

function fail(thrown: unknown): void {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  process.stderr.write(`error: ${error.message}\n`);
  if (error instanceof DemoError && error.hint !== undefined) process.stderr.write(`hint: ${error.hint}\n`);
  process.exitCode = 1;
}
