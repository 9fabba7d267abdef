// The programs that the demo runs: the service as a child, and single commands, all through bin/export-center.js as a
// user would start them.

import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** What a person is told: what went wrong, and what to do. */
export class DemoError extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

export type DemoService = {
  readonly url: string;
  /** `localhost:PORT`: stock clients take plain HTTP for granted on that name. */
  readonly host: string;
  readonly pid: number;
  stop(): Promise<void>;
};

export type DemoServiceOptions = {
  readonly root: string;
  readonly data: string;
  /** The service outlives this process. */
  readonly keep: boolean;
  /** A file, because a pipe would break when this process ends first. */
  readonly log: string;
};

const startMs = 60_000;
const stopMs = 15_000;

/** Starts the service on a port that the system chooses; throws DemoError with what it said. */
export async function startDemoService({ root, data, keep, log }: DemoServiceOptions): Promise<DemoService> {
  const output = openSync(log, 'w');
  const args = [launcherOf(root), 'serve', '--listen', '127.0.0.1:0', '--data', data];
  const child = spawn(process.execPath, args, {
    cwd: root,
    detached: keep,
    env: cleanEnvironment(),
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const ended = endOf(child);
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    if ((await Promise.race([ended, pause(stopMs, 'late', { ref: false })])) !== 'late') return;
    child.kill('SIGKILL');
    await ended;
  };
  const onSignal = (): void => void stop().then(() => process.exit(1));
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, onSignal);
  try {
    const { url, port } = await readyLine(child, log);
    if (keep) child.unref();
    return { url, host: `localhost:${port}`, pid: child.pid ?? 0, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function readyLine(child: ChildProcess, log: string): Promise<{ url: string; port: string }> {
  const until = performance.now() + startMs;
  for (;;) {
    const said = readFileSync(log, 'utf8');
    const ready = /^export-center ready (?<url>https?:\/\/\S+:(?<port>\d+))/m.exec(said)?.groups;
    if (ready) return { url: ready['url'] ?? '', port: ready['port'] ?? '' };
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
      throw new DemoError(`the service did not start: ${said.trim() || 'it said nothing'}`);
    }
    if (performance.now() > until) throw new DemoError(`the service is not ready after a minute: ${said.trim()}`);
    await pause(50);
  }
}

/** Runs one command and returns its stdout; throws DemoError with its error and hint. */
export async function runDemoCommand(root: string, args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [launcherOf(root), ...args], {
    cwd: root,
    env: cleanEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  const code = await endOf(child);
  if (code === 0) return Buffer.concat(stdout).toString();
  const said = Buffer.concat(stderr).toString().trim();
  const why = /^error: (.*)$/m.exec(said)?.[1] ?? (said || `exit code ${code}`);
  throw new DemoError(`export-center ${args.slice(0, 2).join(' ')}: ${why}`, /^hint: (.*)$/m.exec(said)?.[1]);
}

/** Exit code once output is complete; null when a signal ended it. */
function endOf(child: ChildProcess): Promise<number | null> {
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.once('close', resolve);
  child.once('error', () => resolve(null));
  return promise;
}

/** What is set for a real installation must not reach the demo. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const env = { ...process.env };
  for (const name of Object.keys(env)) if (/^(?:EXPORT_CENTER_|COSIGN_|DATABASE_URL$)/.test(name)) delete env[name];
  return env;
}

function launcherOf(root: string): string {
  return `${root}/bin/export-center.js`;
}
