// Credential helpers of the Docker command line: the program docker-credential-NAME, asked with `get`, the server on
// its standard input, JSON on its output. Only plain names are run, and none may hold the caller up.

import { spawn } from 'node:child_process';
import type { CredentialLookup } from './credential.ts';
import type { Environment } from './proxy-environment.ts';

const allowedName = /^[a-z0-9][a-z0-9-]*$/;
const timeLimitMs = 10_000;
const outputLimit = 65_536;

/** Never throws: a helper that is missing or fails is a `problem`, since an anonymous pull may do without it. */
export async function runCredentialHelper(
  name: string,
  server: string,
  env: Environment,
  limitMs = timeLimitMs,
): Promise<CredentialLookup> {
  if (!allowedName.test(name)) return { problem: 'the credential helper in config.json has a forbidden name' };
  const program = `docker-credential-${name}`;
  const { output, failure } = await run(program, server, env, limitMs);
  if (failure !== undefined) return { problem: `${program} ${failure}` };
  return readAnswer(output, program);
}

type Run = { readonly output: string; readonly failure?: string };

function run(program: string, server: string, env: Environment, limitMs: number): Promise<Run> {
  return new Promise((resolve) => {
    const child = spawn(program, ['get'], { stdio: ['pipe', 'pipe', 'ignore'], env, shell: false });
    const chunks: Buffer[] = [];
    let size = 0;
    let failure: string | undefined;
    const stop = (reason: string): void => {
      failure ??= reason;
      child.kill('SIGKILL');
    };
    const timer = setTimeout(() => {
      stop('does not answer in time');
      // A grandchild may hold the pipe open after the helper is dead.
      child.stdout.destroy();
    }, limitMs);
    child.stdin.on('error', () => {});
    child.stdin.end(`${server}\n`);
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > outputLimit) stop('writes too much');
      else chunks.push(chunk);
    });
    const finish = (result: Run): void => {
      clearTimeout(timer);
      resolve(result);
    };
    child.on('error', () => finish({ output: '', failure: 'cannot be started' }));
    child.on('close', (code) => {
      const output = Buffer.concat(chunks).toString('utf8');
      if (failure !== undefined) finish({ output: '', failure });
      // Helpers say "credentials not found" with a failing status: that is an answer, not a problem.
      else if (code !== 0 && /not found/i.test(output)) finish({ output: '{}' });
      else finish(code === 0 ? { output } : { output: '', failure: 'fails' });
    });
  });
}

function readAnswer(output: string, program: string): CredentialLookup {
  let value: unknown;
  try {
    value = JSON.parse(output);
  } catch {
    return { problem: `${program} gives no JSON` };
  }
  const { Username, Secret } = (value ?? {}) as { Username?: unknown; Secret?: unknown };
  if (typeof Username !== 'string' || typeof Secret !== 'string' || Secret === '') return {};
  if (Username === '<token>') return { credential: { kind: 'identity', token: Secret } };
  return { credential: { kind: 'basic', username: Username, password: Secret } };
}
