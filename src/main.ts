// The program: connects the command line to this process and ends with its exit code. Compiled code is cached before
// anything else is loaded, because starting is most of what a small command costs.

import { readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { installConnectionGuard } from './db/postgres-guard.ts';

enableCompileCache(compileCacheFolder());
const [{ runCli }, { systemClock }, { openCenterFor }, { lazyConsumer }] = await Promise.all([
  import('./cli.ts'),
  import('./core/clock.ts'),
  import('./cli/open-center.ts'),
  import('./cli/load-consumer.ts'),
]);

const { stdin, stdout, stderr } = process;
const fatal = new AbortController();
installConnectionGuard({ onFatal: (error) => fatal.abort(error) });
// `export-center … | head` ends when head does, without a word.
stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
stderr.on('error', () => {});

const exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  stdin,
  stdout,
  stderr,
  clock: systemClock,
  version: productVersion(),
  signal: endSignal(),
  fatal: fatal.signal,
  openCenter: openCenterFor,
  loadConsumer: () => Promise.resolve(lazyConsumer),
});
await Promise.all([flushed(stdout), flushed(stderr)]);
process.exit(exitCode);

/**
 * The first Ctrl-C or SIGTERM asks for an orderly end, a later one ends at once. Within a second it is the same one: a
 * terminal sends it to the launcher and to us, and the launcher passes it on.
 */
function endSignal(): AbortSignal {
  const controller = new AbortController();
  let askedAtMs = 0;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      const nowMs = performance.now();
      if (controller.signal.aborted && nowMs - askedAtMs > 1_000) process.exit(130);
      if (!controller.signal.aborted) askedAtMs = nowMs;
      controller.abort();
    });
  }
  return controller.signal;
}

/** A folder of this person's own: in a shared one others could plant code. NODE_COMPILE_CACHE has the last word. */
function compileCacheFolder(): string {
  const cache = process.env['XDG_CACHE_HOME'] || join(process.env['HOME'] || homedir(), '.cache');
  return process.env['NODE_COMPILE_CACHE'] ?? join(cache, 'export-center', 'compiled');
}

function productVersion(): string {
  const file = new URL('../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.write('', () => resolve());
  return promise;
}
