// Runs a program where there is no network but loopback: a namespace of its own (unshare(1)), so that what it reaches it
// reaches by itself. One TCP port of that loopback may lead out, to a socket file of this side.

import { join } from 'node:path';
import { judge } from '../judges.ts';
import { runProgram, type ProgramResult, type RunOptions } from './run-program.ts';

/** What a test that uses a namespace needs, for `skipWithout`. */
export const namespaceJudges = ['unshare', 'ip'] as const;

/** Where the way out is, seen from inside. */
export const bridgePort = 3128;

export type ClosedOptions = RunOptions & {
  /** A socket file to which `127.0.0.1:bridgePort` leads inside. */
  readonly bridgeTo?: string;
  /** A hosts file (hosts(5)) that names are looked up in, and the addresses in it that this machine has inside. */
  readonly hosts?: { readonly file: string; readonly addresses: readonly string[] };
};

/** Runs `file` to its end behind a closed network. Any exit code is a result. */
export function runClosed(file: string, args: readonly string[], options: ClosedOptions = {}): Promise<ProgramResult> {
  const { bridgeTo, hosts, ...rest } = options;
  const bridge = join(import.meta.dirname, 'namespace-bridge.ts');
  const inside = bridgeTo === undefined ? [file, ...args] : [process.execPath, bridge, bridgeTo, file, ...args];
  const flags = hosts === undefined ? unshareFlags() : [...unshareFlags(), '--mount'];
  return runProgram(judge('unshare'), [...flags, '--', ...withLoopback(hosts, inside)], rest);
}

/** Who is not root becomes root of a user namespace, which may make network namespaces. */
function unshareFlags(): string[] {
  return process.getuid?.() === 0 ? ['--net'] : ['--net', '--map-root-user'];
}

function withLoopback(hosts: ClosedOptions['hosts'], command: readonly string[]): string[] {
  const script = [
    '"$0" link set lo up',
    ...(hosts?.addresses ?? []).map((address) => `"$0" address add ${address}/32 dev lo`),
    ...(hosts === undefined ? [] : [`mount --bind '${hosts.file}' /etc/hosts`]),
    'exec "$@"',
  ];
  return ['/bin/sh', '-c', script.join(' && '), judge('ip'), ...command];
}
