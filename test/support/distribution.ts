// A throw-away CNCF distribution registry: the second opinion on everything that we push.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { judge } from '../judges.ts';
import { startProgram, type RunningProgram } from './start-program.ts';
import type { Scope } from './scope.ts';
import { temporaryFolder } from './temporary-folder.ts';

export type DistributionOptions = {
  /** Keeps its content here instead of in a temporary folder. */
  readonly folder?: string;
  /** Lines added to its `http:` section, for example `  tls: {certificate: …, key: …}`. */
  readonly http?: string;
};

export type Distribution = {
  /** `localhost:PORT`: oras takes plain HTTP for granted on that name only. */
  readonly host: string;
  readonly url: string;
  readonly folder: string;
  readonly program: RunningProgram;
};

/** Starts it on a port that the system chooses; deleting is allowed. Throws when the judge `registry` is absent. */
export async function startDistribution(scope: Scope, options: DistributionOptions = {}): Promise<Distribution> {
  const folder = options.folder ?? (await temporaryFolder(scope, 'distribution'));
  const config = join(await temporaryFolder(scope, 'distribution-config'), 'config.yml');
  await writeFile(config, configuration(folder, options.http));
  const program = await startProgram(scope, judge('registry'), ['serve', config], {
    // Without it every start waits for a trace collector.
    env: { OTEL_TRACES_EXPORTER: 'none' },
    ready: /listening on 127\.0\.0\.1:(\d+)/,
  });
  const host = `localhost:${program.match[1]}`;
  return { host, url: `http://${host}`, folder, program };
}

function configuration(folder: string, http = ''): string {
  return `version: 0.1
log: {level: info, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: ${JSON.stringify(folder)}}
  delete: {enabled: true}
  maintenance: {uploadpurging: {enabled: false}}
http:
  addr: 127.0.0.1:0
  secret: only-for-tests
${http}
`;
}
