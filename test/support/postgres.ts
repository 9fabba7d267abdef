// A throw-away PostgreSQL server in a temporary folder, that tests may also kill and start again.

import { chown, mkdir, readFile, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { judge } from '../judges.ts';
import { freePort } from './free-port.ts';
import { mustRun } from './run-program.ts';
import type { Scope } from './scope.ts';
import { startProgram, type RunningProgram } from './start-program.ts';
import { temporaryFolder } from './temporary-folder.ts';

export type PostgresServer = {
  /** DATABASE_URL of the database `postgres`. */
  readonly url: string;
  /** Makes an empty database and returns its URL. */
  createDatabase(name: string): Promise<string>;
  /** Ends it at once as a crash would; what was committed is there after `start`. */
  kill(): Promise<void>;
  /** Starts it again on the same port with the same data. */
  start(): Promise<void>;
  stop(): Promise<void>;
};

type Account = { readonly uid?: number; readonly gid?: number };

/** Makes a database cluster and starts it on a free port of 127.0.0.1; stopped and removed after `scope`. */
export async function startPostgres(scope: Scope): Promise<PostgresServer> {
  const folder = await temporaryFolder(scope, 'postgres');
  const account = await unprivilegedAccount();
  const data = join(folder, 'data');
  await mkdir(data, { mode: 0o700 });
  if (account.uid !== undefined) {
    for (const path of [folder, data]) await chown(path, account.uid, account.gid ?? account.uid);
  }
  const options = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  await mustRun(await siblingOf('initdb'), options, { cwd: folder, ...account });
  const launch = (port: number): Promise<RunningProgram> => launchServer(scope, folder, port, account);
  const first = await firstStart(launch);
  return serverHandle(first.port, first.program, launch);
}

function serverHandle(
  port: number,
  first: RunningProgram,
  launch: (port: number) => Promise<RunningProgram>,
): PostgresServer {
  let program = first;
  const urlOf = (database: string): string => `postgres://postgres@127.0.0.1:${port}/${database}`;
  return {
    url: urlOf('postgres'),
    createDatabase: async (name) => {
      if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new Error(`not a plain database name: ${name}`);
      await mustRun(await siblingOf('psql'), ['-X', '-q', '-d', urlOf('postgres'), '-c', `create database ${name}`]);
      return urlOf(name);
    },
    kill: () => program.stop('SIGKILL'),
    start: async () => {
      program = await startAgain(() => launch(port));
    },
    stop: () => program.stop(),
  };
}

async function launchServer(scope: Scope, folder: string, port: number, account: Account): Promise<RunningProgram> {
  const settings = ['listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`, 'max_connections=60'];
  const args = ['-D', join(folder, 'data'), '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])];
  const ready = /database system is ready to accept connections/;
  // SIGINT is the fast shutdown: it does not wait for clients to leave.
  const options = { cwd: folder, env: { LC_ALL: 'C' }, ready, stopSignal: 'SIGINT', ...account } as const;
  return startProgram(scope, await siblingOf('postgres'), args, options);
}

async function firstStart(
  launch: (port: number) => Promise<RunningProgram>,
): Promise<{ port: number; program: RunningProgram }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      return { port, program: await launch(port) };
    } catch (error) {
      const taken = error instanceof Error && error.message.includes('could not bind');
      if (!taken || attempt === 5) throw error;
    }
  }
}

/** After SIGKILL the server's children need a moment to notice; until then a new one refuses their shared memory. */
async function startAgain(launch: () => Promise<RunningProgram>): Promise<RunningProgram> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await launch();
    } catch (error) {
      const early = error instanceof Error && /shared memory|lock file|could not bind/.test(error.message);
      if (!early || attempt === 100) throw error;
      await pause(100);
    }
  }
}

/** PostgreSQL refuses to run as root: then it gets the account `postgres`, or `nobody`. */
async function unprivilegedAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return {};
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const entry = lines.find(([name]) => name === 'postgres') ?? lines.find(([name]) => name === 'nobody');
  return { uid: Number(entry?.[2] ?? 65534), gid: Number(entry?.[3] ?? 65534) };
}

/** The programs of one installation belong together. */
async function siblingOf(name: 'initdb' | 'postgres' | 'psql'): Promise<string> {
  return join(dirname(await realpath(judge('postgres'))), name);
}
