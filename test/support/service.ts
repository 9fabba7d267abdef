// The product as its users have it: the program, started as a process of its own from this checkout.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram, type ProgramResult, type RunOptions } from './run-program.ts';
import type { Scope } from './scope.ts';
import { startProgram, type RunningProgram } from './start-program.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** The program itself, for those who start it in another way. */
export const launcher = join(import.meta.dirname, '..', '..', 'bin', 'export-center.js');

/** Settings of the person who runs the tests must not reach the program under test. */
export const clean = {
  EXPORT_CENTER_DATA: undefined,
  EXPORT_CENTER_SERVER: undefined,
  EXPORT_CENTER_TOKEN: undefined,
  DATABASE_URL: undefined,
  EXPORT_CENTER_STORAGE: undefined,
  EXPORT_CENTER_UPSTREAM: undefined,
};

export type ServiceOptions = {
  /** The data folder; a temporary one by default. */
  readonly data?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
};

export type Service = {
  readonly url: string;
  /** `localhost:PORT`, the name on which oras takes plain HTTP for granted. */
  readonly host: string;
  readonly data: string;
  readonly program: RunningProgram;
  /** The local operator token, which push and the API ask for. */
  operatorToken(): Promise<string>;
};

/** Runs one command of the program to its end. Never throws because of an exit code. */
export function runExportCenter(args: readonly string[], options: RunOptions = {}): Promise<ProgramResult> {
  return runProgram(process.execPath, [launcher, ...args], { ...options, env: { ...clean, ...options.env } });
}

/** Runs one command with `--json` and gives its document. Throws with what it said when it fails. */
export async function exportCenterJson(args: readonly string[], options: RunOptions = {}): Promise<unknown> {
  const result = await runExportCenter([...args, '--json'], options);
  if (result.code !== 0) throw new Error(`${args.join(' ')} exited with ${result.code}\n${result.stderr}`);
  return JSON.parse(result.stdout) as unknown;
}

/** Starts `serve` on a port that the system chooses and waits for its ready line. Stopped after `scope`. */
export async function startService(scope: Scope, options: ServiceOptions = {}): Promise<Service> {
  const data = options.data ?? (await temporaryFolder(scope, 'data'));
  const args = ['serve', '--listen', '127.0.0.1:0', '--data', data, ...(options.args ?? [])];
  const program = await startProgram(scope, process.execPath, [launcher, ...args], {
    env: { ...clean, ...options.env },
    ready: /^export-center ready (https?:\/\/\S+:(\d+))/,
  });
  return {
    url: program.match[1] ?? '',
    host: `localhost:${program.match[2]}`,
    data,
    program,
    operatorToken: async () => (await readFile(join(data, 'operator.token'), 'utf8')).trim(),
  };
}
