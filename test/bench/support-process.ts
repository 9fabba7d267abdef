// Runs the program as its users do and watches how long it takes and how much memory it had at its peak.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const launcher = join(import.meta.dirname, '..', '..', 'bin', 'export-center.js');

export type Watched = { readonly seconds: number; readonly rssMiB: number; readonly answer: unknown };

/** One command with `--json`. Throws with what it said when it fails. */
export function watchCommand(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Watched> {
  const { promise, resolve, reject } = Promise.withResolvers<Watched>();
  const start = performance.now();
  const child = spawn(process.execPath, [launcher, ...args, '--json', '--quiet'], {
    env: { ...cleanEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let rssMiB = 0;
  const watch = setInterval(() => (rssMiB = Math.max(rssMiB, peakRssMiB(child.pid ?? 0))), 20);
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
  child.once('error', reject);
  child.once('close', (code) => {
    clearInterval(watch);
    const seconds = (performance.now() - start) / 1_000;
    if (code === 0) resolve({ seconds, rssMiB, answer: JSON.parse(said.stdout) as unknown });
    else reject(new Error(`${args.join(' ')} exited with ${code}\n${said.stderr}`));
  });
  return promise;
}

/** The most memory that a process has had resident until now; 0 where the system does not tell. */
export function peakRssMiB(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1_024;
  } catch {
    return 0;
  }
}

function cleanEnvironment(): NodeJS.ProcessEnv {
  const {
    EXPORT_CENTER_DATA: _a,
    EXPORT_CENTER_SERVER: _b,
    EXPORT_CENTER_TOKEN: _c,
    DATABASE_URL: _d,
    ...rest
  } = process.env;
  return rest;
}
