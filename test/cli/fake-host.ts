// The outside of the command line, held in memory: what a command reads is given, what it writes is kept.

import { Readable, Writable } from 'node:stream';
import { runCli } from '../../src/cli.ts';
import type { CliHost } from '../../src/cli/host.ts';
import { lazyConsumer } from '../../src/cli/load-consumer.ts';
import type { Settings } from '../../src/cli/settings.ts';
import { fakeCenter, type FakeCenter } from '../api/fake-center.ts';

export type FakeHost = CliHost & {
  readonly center: FakeCenter;
  readonly opened: { readonly settings: Settings; readonly options: unknown }[];
  readonly stop: AbortController;
  readonly crash: AbortController;
  out(): string;
  err(): string;
};

export type FakeHostOptions = Partial<Pick<CliHost, 'env' | 'cwd' | 'loadConsumer'>> & { readonly input?: string };

export function fakeHost(options: FakeHostOptions = {}): FakeHost {
  const center = fakeCenter();
  const opened: { settings: Settings; options: unknown }[] = [];
  const stop = new AbortController();
  const crash = new AbortController();
  const out = collector();
  const err = collector();
  return {
    env: { HOME: '/nonexistent' },
    cwd: '/work',
    loadConsumer: () => Promise.resolve(lazyConsumer),
    ...options,
    center,
    opened,
    stop,
    crash,
    stdin: Readable.from(options.input === undefined ? [] : [Buffer.from(options.input)]),
    stdout: out.stream,
    stderr: err.stream,
    clock: { now: () => new Date('2026-01-01T01:00:00Z') },
    version: '1.2.3',
    signal: stop.signal,
    fatal: crash.signal,
    openCenter: (settings, how) => {
      opened.push({ settings, options: how });
      return Promise.resolve(center);
    },
    out: out.text,
    err: err.text,
  };
}

/** Runs one command on a fake host to its end. */
export async function runOn(
  args: readonly string[],
  options: FakeHostOptions = {},
): Promise<{ code: number; out: string; err: string; host: FakeHost }> {
  const host = fakeHost(options);
  const code = await runCli(args, host);
  return { code, out: host.out(), err: host.err(), host };
}

function collector(): { stream: Writable; text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') };
}
