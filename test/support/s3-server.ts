// A throw-away S3 server (versitygw on a folder) with one empty bucket.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { judge } from '../judges.ts';
import { parseS3Location, type S3Location } from '../../src/registry/storage/s3/s3-location.ts';
import { freePort, untilListening } from './free-port.ts';
import type { Scope } from './scope.ts';
import { startProgram, type RunningProgram } from './start-program.ts';
import { temporaryFolder } from './temporary-folder.ts';

export type S3Server = {
  /** What programs that use the bucket need in their environment. */
  readonly env: { readonly [name: string]: string };
  /** `s3://bucket/registry` */
  readonly url: string;
  readonly location: S3Location;
  /** Where the objects of the storage lie as files. */
  readonly folder: string;
  readonly program: RunningProgram;
};

/** Starts it. Throws when the judge `versitygw` is absent. */
export async function startS3Server(
  scope: Scope,
  given: { readonly folder?: string; readonly port?: number } = {},
): Promise<S3Server> {
  const folder = given.folder ?? (await temporaryFolder(scope, 's3'));
  await mkdir(join(folder, 'bucket'), { recursive: true });
  const { program, port } = await startOnFreePort(scope, folder, given.port);
  const env = {
    AWS_ACCESS_KEY_ID: 'test-access',
    AWS_SECRET_ACCESS_KEY: 'test/secret+key',
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
    AWS_REGION: 'eu-test-1',
  };
  const url = 's3://bucket/registry';
  return { env, url, location: parseS3Location(url, env), folder: join(folder, 'bucket', 'registry'), program };
}

/** The program cannot choose a port itself, and another one may be quicker. */
async function startOnFreePort(
  scope: Scope,
  folder: string,
  fixed?: number,
): Promise<{ program: RunningProgram; port: number }> {
  for (let attempt = 0; ; attempt++) {
    const port = fixed ?? (await freePort());
    const args = ['--port', `127.0.0.1:${port}`, '--region', 'eu-test-1', '--keep-alive', 'posix', folder];
    try {
      const env = { ROOT_ACCESS_KEY: 'test-access', ROOT_SECRET_KEY: 'test/secret+key' };
      const program = await startProgram(scope, judge('versitygw'), args, { env, ready: new RegExp(`:${port}`) });
      await untilListening(port);
      return { program, port };
    } catch (thrown) {
      if (attempt >= 3) throw thrown;
    }
  }
}
