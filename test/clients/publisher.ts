// The product as a publisher of the two sample days, with what a consumer gets by other ways: public key and trusted root.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunResult } from '../../src/runs/center.ts';
import { sampleEvidence } from '../../scripts/sample-evidence.ts';
import { exportCenterJson, runExportCenter, startService, type Service } from '../support/service.ts';
import type { Manifest } from './layout-folder.ts';
import { temporaryFolder, type Scope } from '../support/temporary-folder.ts';

/** What one day's runs published. */
export type Day = { readonly raw: RunResult; readonly full: RunResult; readonly delta: RunResult };

export type Publisher = {
  readonly service: Service;
  /** A folder to work in. */
  readonly folder: string;
  /** For a client without credentials; its home is `folder`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For a client with the operator's. */
  readonly operatorEnv: Readonly<Record<string, string | undefined>>;
  /** Path of the public key's PEM. */
  readonly key: string;
  readonly trustedRoot: string;
  ingest(day: 1 | 2): Promise<void>;
  run(profile: string, ...options: string[]): Promise<RunResult>;
  /** Ingests a day and runs all three profiles. */
  publish(day: 1 | 2): Promise<Day>;
};

/** Starts the service on an empty folder. */
export async function openPublisher(scope: Scope): Promise<Publisher> {
  const service = await startService(scope);
  const folder = await temporaryFolder(scope, 'clients');
  const data = ['--data', service.data];
  const ingest = async (day: 1 | 2): Promise<void> => {
    const { source, licence, attribution, day1, day2 } = sampleEvidence;
    const facts = ['--licence', licence, '--attribution', attribution];
    await exportCenterJson(['ingest', source, day === 1 ? day1 : day2, ...facts, ...data]);
  };
  const run = async (profile: string, ...options: string[]): Promise<RunResult> =>
    (await exportCenterJson(['run', profile, ...options, ...data])) as RunResult;
  return {
    service,
    folder,
    env: clientEnvironment(folder, join(folder, 'nobody')),
    operatorEnv: clientEnvironment(folder, await operatorConfig(service, folder)),
    key: await publicKey(service, folder),
    trustedRoot: join(service.data, 'trust', 'trusted_root.json'),
    ingest,
    run,
    publish: async (day) => {
      await ingest(day);
      const [raw, full] = [await run('json:raw'), await run('mirror:full')];
      return { raw, full, delta: await run('mirror:delta') };
    },
  };
}

/** A manifest of our registry, as plain HTTP gives it. */
export async function fetchManifest({ service }: Publisher, repository: string, reference: string): Promise<Manifest> {
  const headers = { authorization: `Bearer ${await service.operatorToken()}` };
  const answer = await fetch(`${service.url}/v2/default/${repository}/manifests/${reference}`, { headers });
  if (!answer.ok) throw new Error(`${repository}:${reference} answered ${answer.status}`);
  return (await answer.json()) as Manifest;
}

/** Nothing that the person who runs the tests has set reaches a client. */
function clientEnvironment(home: string, config: string): Record<string, string | undefined> {
  return {
    HOME: home,
    DOCKER_CONFIG: config,
    REGISTRY_AUTH_FILE: join(config, 'config.json'),
    XDG_RUNTIME_DIR: undefined,
    ORAS_CACHE: undefined,
    COSIGN_REPOSITORY: undefined,
    SIGSTORE_ROOT_FILE: undefined,
  };
}

async function operatorConfig(service: Service, folder: string): Promise<string> {
  const config = join(folder, 'operator');
  await mkdir(config);
  await mkdir(join(folder, 'nobody'));
  await writeFile(join(folder, 'nobody', 'config.json'), '{"auths":{}}');
  const auth = Buffer.from(`operator:${await service.operatorToken()}`).toString('base64');
  await writeFile(join(config, 'config.json'), JSON.stringify({ auths: { [service.host]: { auth } } }));
  return config;
}

async function publicKey({ data }: Service, folder: string): Promise<string> {
  const made = await runExportCenter(['keys', 'generate', '--overlap', 'none', '--data', data]);
  const shown = await runExportCenter(['keys', 'public', '--data', data]);
  if (made.code !== 0 || shown.code !== 0) throw new Error(`no key: ${made.stderr}${shown.stderr}`);
  const path = join(folder, 'cosign.pub');
  await writeFile(path, shown.stdout);
  return path;
}
