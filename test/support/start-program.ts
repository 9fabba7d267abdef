// Starts a program that keeps running and waits until it says that it is ready. No sleeping, no guessing of ports.

import { spawn, type ChildProcess } from 'node:child_process';
import { childEnvironment } from './run-program.ts';
import { atEnd, type Scope } from './scope.ts';

export type StartOptions = {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Matched against stdout and stderr line by line; the program is ready once a line matches. */
  readonly ready: RegExp;
  /** How long to wait for that; 60 seconds by default. */
  readonly timeoutMs?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** The signal that ends it after the test; SIGTERM by default. */
  readonly stopSignal?: NodeJS.Signals;
};

export type RunningProgram = {
  readonly pid: number;
  /** What `ready` matched. */
  readonly match: RegExpMatchArray;
  /** Everything it has written so far, stdout and stderr together. */
  output(): string;
  /** Sends a signal without waiting. */
  signal(name: NodeJS.Signals): void;
  /** Resolves with exit code and signal once it has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** `stopSignal` (or `name`), SIGKILL after ten seconds, and waits for the end. Harmless when it has ended. */
  stop(name?: NodeJS.Signals): Promise<void>;
};

/** Starts `file`; rejects with its output when it ends or stays silent before it is ready. Stopped after `scope`. */
export async function startProgram(
  scope: Scope,
  file: string,
  args: readonly string[],
  options: StartOptions,
): Promise<RunningProgram> {
  const { env, ready, timeoutMs = 60_000, stopSignal = 'SIGTERM', ...rest } = options;
  const child = spawn(file, args, { ...rest, env: childEnvironment(env), stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = endOf(child);
  let isAsked = false;
  const stop = (name: NodeJS.Signals = stopSignal): Promise<void> => {
    isAsked = true;
    return stopChild(child, ended, name);
  };
  atEnd(scope, () => stop());
  const output = collectOutput(child);
  const match = await waitForLine(child, output, ready, timeoutMs).catch(async (error: unknown) => {
    await stop('SIGKILL');
    throw error;
  });
  if (child.pid === undefined) throw new Error(`${file} has no process id`);
  void ended.then(({ code }) => {
    if (!isAsked && code !== 0 && code !== null)
      console.error(`${file} ended by itself (${code}): ${output.text().slice(-4_000)}`);
  });
  return { pid: child.pid, match, output: () => output.text(), signal: (name) => void child.kill(name), ended, stop };
}

type Output = { text(): string; onLine(listener: (line: string) => void): void };

function collectOutput(child: ChildProcess): Output {
  let all = '';
  const listeners: ((line: string) => void)[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    let open = '';
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      all += chunk;
      const lines = (open + chunk).split('\n');
      open = lines.pop() ?? '';
      for (const line of lines) for (const listener of listeners) listener(line);
    });
  }
  return { text: () => all, onLine: (listener) => void listeners.push(listener) };
}

function waitForLine(child: ChildProcess, output: Output, ready: RegExp, timeoutMs: number): Promise<RegExpMatchArray> {
  const { promise, resolve, reject } = Promise.withResolvers<RegExpMatchArray>();
  const fail = (what: string): void => reject(new Error(`${child.spawnfile} ${what}\n${output.text()}`));
  const timer = setTimeout(() => fail(`was not ready after ${timeoutMs} ms`), timeoutMs);
  output.onLine((line) => {
    const match = line.match(ready);
    if (match !== null) resolve(match);
  });
  child.once('error', reject);
  child.once('close', (code, signal) => fail(`ended before it was ready (${code ?? signal})`));
  return promise.finally(() => clearTimeout(timer));
}

function endOf(child: ChildProcess): RunningProgram['ended'] {
  const { promise, resolve } = Promise.withResolvers<{ code: number | null; signal: NodeJS.Signals | null }>();
  child.once('close', (code, signal) => resolve({ code, signal }));
  // One that never started has no `close`.
  child.once('error', () => resolve({ code: null, signal: null }));
  return promise;
}

async function stopChild(child: ChildProcess, ended: Promise<unknown>, name: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return void (await ended);
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  child.kill(name);
  await ended.finally(() => clearTimeout(timer));
}
