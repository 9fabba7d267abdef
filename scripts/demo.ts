// `npm run demo`: the main job on real advisories, start to end, in the folder .demo. Starts the service, makes bundles of
// two days, takes them over as a consumer, and ends with commands that work on the consumer's folder without a service.
// `npm run demo -- --keep` leaves the service running; `--folder DIR` works in DIR instead.

import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { liveService } from '../src/cli/service-lock.ts';
import type { IngestResult } from '../src/evidence/types.ts';
import { isNotChecked } from '../src/consumer/report.ts';
import type { PullResult, VerifyResult } from '../src/consumer/types.ts';
import type { RunResult } from '../src/runs/center.ts';
import { consumerLines, differences, registryLines, resultTable, type DemoRow } from './demo-report.ts';
import { startDemoService, DemoError, runDemoCommand, type DemoService } from './demo-service.ts';
import { sampleEvidence } from './sample-evidence.ts';

const root = join(import.meta.dirname, '..');

/** Everything that the demo makes, relative to the checkout, from where its commands are run. */
type DemoPaths = {
  readonly folder: string;
  readonly data: string;
  readonly mirror: string;
  readonly publicKey: string;
};

async function main(): Promise<void> {
  const { keep, folder } = readOptions();
  const paths = { folder, data: `${folder}/data`, mirror: `${folder}/mirror`, publicKey: `${folder}/cosign.pub` };
  await freshFolder(paths);
  const log = resolve(root, folder, 'service.log');
  const service = await startDemoService({ root, data: paths.data, keep, log });
  let done = false;
  try {
    await new Demo(paths, service).show(keep);
    done = true;
  } finally {
    if (!keep || !done) await service.stop();
  }
}

function readOptions(): { keep: boolean; folder: string } {
  try {
    const { values } = parseArgs({ options: { keep: { type: 'boolean' }, folder: { type: 'string' } } });
    return { keep: values.keep ?? false, folder: values.folder ?? '.demo' };
  } catch (error) {
    throw new DemoError((error as Error).message, 'npm run demo [-- --keep] [--folder DIR]');
  }
}

/** Removes an earlier demo, and nothing else. */
async function freshFolder(paths: DemoPaths): Promise<void> {
  const folder = resolve(root, paths.folder);
  const marker = join(folder, 'this-is-a-demo');
  const data = resolve(root, paths.data);
  const running = existsSync(data) ? liveService(data) : undefined;
  if (running) {
    throw new DemoError(`the service of an earlier demo still runs at ${running.address}`, `kill ${running.pid}`);
  }
  if (existsSync(folder) && !existsSync(marker) && (await readdir(folder)).length > 0) {
    throw new DemoError(`${paths.folder} was not made by this command`, 'move it away, the demo needs the folder');
  }
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(marker, 'npm run demo removes and makes this folder\n');
}

function outcome(check: VerifyResult['checks'][number]): string {
  if (check.ok) return 'ok';
  return isNotChecked(check) ? 'skipped' : 'FAILED';
}

class Demo {
  readonly #paths: DemoPaths;
  readonly #service: DemoService;

  constructor(paths: DemoPaths, service: DemoService) {
    this.#paths = paths;
    this.#service = service;
  }

  async show(keep: boolean): Promise<void> {
    const { data, folder, publicKey } = this.#paths;
    const rows: DemoRow[] = [];
    say('service', this.#service.url);
    await this.#ingest('day 1', sampleEvidence.day1);
    rows.push(exported('json:raw, day 1', await this.#operate<RunResult>('run', 'json:raw')));
    await this.#operate<RunResult>('run', 'mirror:full');
    await writeFile(resolve(root, publicKey), await runDemoCommand(root, ['keys', 'public', '--data', data]));
    rows.push(pulled('mirror:full, day 1', await this.#pull()));
    await this.#ingest('day 2', sampleEvidence.day2);
    rows.push(exported('mirror:delta, day 2', await this.#operate<RunResult>('run', 'mirror:delta')));
    rows.push(pulled('mirror:full, day 2', await this.#pull()));
    await this.#verify();
    print('', ...resultTable(rows));
    print('', ...(await differences(root, rows)));
    const trustedRoot = `${data}/trust/trusted_root.json`;
    if (keep) print('', ...registryLines({ ...this.#service, folder, publicKey, trustedRoot }));
    print('', ...consumerLines(this.#paths));
  }

  async #ingest(day: string, from: string): Promise<void> {
    const { source, licence, attribution } = sampleEvidence;
    const options = ['--licence', licence, '--attribution', attribution];
    const result = await this.#operate<IngestResult>('ingest', source, from, ...options);
    const { added, changed, removed, rejected } = result;
    say(`ingest ${day}`, `${added} added, ${changed} changed, ${removed} removed, ${rejected.length} refused`);
    if (rejected.length > 0) throw new DemoError(`${rejected[0]?.path}: ${rejected[0]?.message}`);
  }

  async #pull(): Promise<PullResult> {
    const { mirror, publicKey } = this.#paths;
    const reference = `${this.#service.host}/default/mirror:latest`;
    const result = await consume<PullResult>('mirror', 'pull', reference, mirror, '--key', publicKey);
    say('pull', `${result.bytesFetched} bytes fetched, verified: ${result.verified.join(', ')}`);
    return result;
  }

  async #verify(): Promise<void> {
    const { mirror, publicKey, data } = this.#paths;
    const trust = ['--key', publicKey, '--trusted-root', `${data}/trust/trusted_root.json`];
    const { ok, checks } = await consume<VerifyResult>('verify', mirror, ...trust);
    say('verify', checks.map((check) => `${check.name} ${outcome(check)}`).join(', '));
    if (!ok) throw new DemoError(`${mirror} does not verify`);
  }

  /** A command of the operator, who has the data folder. */
  #operate<Result>(...words: string[]): Promise<Result> {
    return consume<Result>(...words, '--data', this.#paths.data);
  }
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

await main().catch(fail);
