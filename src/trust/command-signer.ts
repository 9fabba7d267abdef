// A signer that is a program: the bytes on its standard input, the signature (bytes or base64) on its standard output.
// `openssl dgst -sha256 -sign …` and the command lines of key management services fit without a wrapper. No shell.

import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { ExportError } from '../core/errors.ts';
import type { Environment } from './environment-key.ts';
import { maxSignatureBytes, type SignerTransport } from './remote-signer.ts';

/** What the program is not told: secrets of ours that are no business of its own. */
const withheld = /^(?:EXPORT_CENTER_|COSIGN_PASSWORD$|DATABASE_URL$)/;

/** `text` is the program with its arguments, separated by spaces, or a JSON list of them. Throws USAGE. */
export function commandTransport(text: string, env: Environment): SignerTransport {
  const [program, ...args] = parseCommand(text);
  if (program === undefined) throw unreadable();
  // Arguments may name keys and accounts, so messages have the program alone.
  const name = `the signer ${basename(program)}`;
  const environment = Object.fromEntries(Object.entries(env).filter(([variable]) => !withheld.test(variable)));
  return { name, ask: (bytes, signal) => run({ name, program, args, environment, bytes, signal }) };
}

type Call = {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Environment;
  readonly bytes: Buffer;
  readonly signal: AbortSignal;
};

function run({ name, program, args, environment, bytes, signal }: Call): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const child = spawn(program, args, {
    env: environment,
    signal,
    killSignal: 'SIGKILL',
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const chunks: Buffer[] = [];
  let size = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxSignatureBytes) child.kill('SIGKILL');
    else chunks.push(chunk);
  });
  child.on('error', () => {
    // A grandchild may hold the pipe open after the program is dead.
    child.stdout.destroy();
    reject(failed(name, 'could not be started'));
  });
  child.on('close', (code, killedBy) => {
    if (size > maxSignatureBytes) reject(failed(name, `wrote more than ${maxSignatureBytes} bytes`));
    else if (code !== 0) reject(failed(name, code === null ? `was ended by ${killedBy}` : `ended with code ${code}`));
    else resolve(Buffer.concat(chunks));
  });
  // A program that ends before it has read everything says so by its code.
  child.stdin.on('error', () => {});
  child.stdin.end(bytes);
  return promise;
}

function parseCommand(text: string): string[] {
  if (!text.startsWith('[')) return text.split(/\s+/).filter((part) => part !== '');
  try {
    const list = JSON.parse(text) as unknown;
    if (Array.isArray(list) && list.every((part): part is string => typeof part === 'string')) return list;
  } catch {
    // The parser's message would repeat the command.
  }
  throw unreadable();
}

function unreadable(): ExportError {
  return new ExportError('USAGE', 'EXPORT_CENTER_SIGNER names no program', {
    hint: 'write exec:PROGRAM ARGUMENT …, or exec: and a JSON list',
  });
}

function failed(name: string, what: string): ExportError {
  return new ExportError('UNREACHABLE', `${name} ${what}`, {
    retryable: true,
    hint: 'run the command by hand with 32 bytes on its standard input to see what it says',
  });
}
