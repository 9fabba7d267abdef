// `npm test [-- PATTERN… --node-options…]`: the whole suite, or the files whose path contains a pattern. The last lines are
// always node:test's summary, also when tests fail (its reporter prints the failures after it).

import { spawn } from 'node:child_process';
import { globSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { memoryFolder } from './memory-folder.ts';

/** Three files at a time: many of them start servers and judges of their own, and wait for them. */
const concurrency = 3;
/** For one test, and for one file with all its tests. */
const timeoutMs = 600_000;
const summaryLine = /^\p{Any}{0,12}?ℹ (?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /u;

const root = join(import.meta.dirname, '..');
const args = process.argv.slice(2);
const patterns = args.filter((arg) => !arg.startsWith('-'));
const options = args.filter((arg) => arg.startsWith('-'));
const files = globSync('test/**/*.test.ts', { cwd: root })
  .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
  .sort();

if (files.length === 0) {
  console.error(`error: no test file has ${patterns.join(' or ')} in its path`);
  console.error('hint: npm test -- shard runs every test/**/*.test.ts with "shard" in its path');
  process.exitCode = 2;
} else {
  process.exitCode = await runTests();
}

function runTests(): Promise<number> {
  const folder = process.env['TMPDIR'] ? undefined : memoryFolder();
  const flags = [`--test-concurrency=${concurrency}`, `--test-timeout=${timeoutMs}`, '--test-reporter=spec'];
  const child = spawn(process.execPath, ['--test', ...flags, ...options, ...files], {
    cwd: root,
    env: testEnvironment(folder),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = (name: NodeJS.Signals): void => void child.kill(name);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop(name));
  const tail = passThrough(child.stdout);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', reject);
  child.once('close', (code, signal) => {
    process.stdout.write(tail());
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
  });
  return promise;
}

/** Copies the report and returns what must still be printed so that it ends with the summary. */
function passThrough(report: NodeJS.ReadableStream): () => string {
  let open = '';
  let summary: string[] = [];
  let later = false;
  report.setEncoding('utf8').on('data', (chunk: string | Buffer) => {
    process.stdout.write(chunk);
    const lines = (open + chunk.toString()).split('\n');
    open = lines.pop() ?? '';
    for (const line of lines) {
      if (summaryLine.test(line)) summary = / tests /.test(line) ? [line] : [...summary, line];
      else if (summary.length > 0 && line.trim() !== '') later = true;
    }
  });
  return () => (later ? `\n${summary.join('\n')}\n` : '');
}

function testEnvironment(temporary?: string): NodeJS.ProcessEnv {
  const cache = join(root, 'node_modules', '.cache', 'node-compile');
  const colour = process.stdout.isTTY && process.env['NO_COLOR'] === undefined ? { FORCE_COLOR: '1' } : {};
  const folder = temporary === undefined ? {} : { TMPDIR: temporary };
  return { NODE_COMPILE_CACHE: cache, ...process.env, ...folder, ...colour };
}
