// Runs another program to its end and gives back what it said.

import { spawn } from 'node:child_process';

export type RunOptions = {
  readonly cwd?: string;
  /** Added to this process's environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string | Uint8Array;
  /** The program is killed after this time; 120 seconds by default. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly uid?: number;
  readonly gid?: number;
};

export type ProgramResult = {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** Runs `file` without a shell. Any exit code is a result; only a program that cannot be started rejects. */
export function runProgram(file: string, args: readonly string[], options: RunOptions = {}): Promise<ProgramResult> {
  const { promise, resolve, reject } = Promise.withResolvers<ProgramResult>();
  const { env, input, timeoutMs = 120_000, ...rest } = options;
  const child = spawn(file, args, {
    ...rest,
    env: childEnvironment(env),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // Not spawn's own timeout: its timer outlives a program that could not be started.
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  // A program that ends without reading its input is not an error of the test.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input ?? '');
  child.once('error', reject);
  child.once('close', (code, signal) => resolve({ code, signal, stdout: text(stdout), stderr: text(stderr) }));
  return promise.finally(() => clearTimeout(timer));
}

/** Like `runProgram`, and throws with everything the program said unless it exits with 0. Returns its stdout. */
export async function mustRun(file: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await runProgram(file, args, options);
  if (result.code === 0) return result.stdout;
  const end = result.code === null ? `was ended by ${result.signal}` : `exited with ${result.code}`;
  throw new Error(`${[file, ...args].join(' ')} ${end}\n${result.stderr}${result.stdout}`);
}

/** This process's environment without what node:test gives its children, changed by `changes`. */
export function childEnvironment(changes: Readonly<Record<string, string | undefined>> = {}): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = { ...process.env };
  // A Node started with this variable speaks the test runner's binary protocol on stdout.
  delete environment['NODE_TEST_CONTEXT'];
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete environment[name];
    else environment[name] = value;
  }
  return environment;
}

function text(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString('utf8');
}
