#!/usr/bin/env node
// Starts the program on a Node that can run it. Plain JavaScript for any Node since 16: it must be able to say that the
// Node it runs on is too old, or to hand over to the one that the package brings along.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/**
 * Nearly all memory here is dead at once, but by itself V8 would rather grow its heaps to hundreds of megabytes than
 * collect them.
 */
const nodeFlags = ['--max-semi-space-size=4', '--heap-growing-percent=30'];

if (isSupported(process.versions.node)) {
  startAnew();
  const main = findMain();
  if (main === undefined)
    refuse('this copy has neither src/main.ts nor dist/main.js', 'npm run build, or install again');
  else await import(pathToFileURL(main).href);
} else {
  const node = findPinnedNode();
  if (node === undefined) refuse(`needs Node ^24.15.0 or >=26, this is ${process.versions.node}`);
  else handOver(node);
}

/** `engines` of package.json. */
function isSupported(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return (major === 24 && minor >= 15) || major >= 26;
}

/** The sources in a checkout, so that a forgotten build is never run instead of them; dist in an installed package. */
function findMain() {
  return [join(here, '..', 'src', 'main.ts'), join(here, '..', 'dist', 'main.js')].find((path) => existsSync(path));
}

/** The Node of the optional dependency `node`, wherever npm put it, if it is there and new enough. */
function findPinnedNode() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const require = createRequire(import.meta.url);
  const owner = folderOf(require, 'node');
  const inner = owner === undefined ? require : createRequire(join(owner, 'package.json'));
  const folders = [owner, folderOf(inner, `node-${platform}-${process.arch}`)];
  return folders
    .filter((folder) => folder !== undefined)
    .map((folder) => join(folder, 'bin', name))
    .find((path) => existsSync(path) && isSupported(versionOf(path)));
}

function folderOf(require, name) {
  try {
    return dirname(require.resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

function versionOf(node) {
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  return (stdout ?? '').trim().replace(/^v/, '');
}

/** Goes on as the same process with Node's settings, where the system can do that; elsewhere without them. */
function startAnew() {
  if (process.execve === undefined || process.platform === 'win32') return;
  if (nodeFlags.every((flag) => process.execArgv.includes(flag))) return;
  const args = [process.execPath, ...nodeFlags, ...process.execArgv, ...process.argv.slice(1)];
  process.execve(process.execPath, args, environment());
}

/** What a user has set counts; NODE_DISABLE_COMPILE_CACHE=1 turns the cache off. */
function environment() {
  const { HOME: home } = process.env;
  const cache = process.env['XDG_CACHE_HOME'] || (home && join(home, '.cache'));
  return {
    // Code compiled before makes starts faster and every thread some 10 MB smaller: no types have to be stripped.
    ...(cache ? { NODE_COMPILE_CACHE: join(cache, 'export-center', 'compiled') } : {}),
    // A fixed bound keeps the C library from holding freed frames and pages back, which it else does by tens of megabytes.
    MALLOC_TRIM_THRESHOLD_: '131072',
    ...process.env,
  };
}

function handOver(node) {
  const args = [...nodeFlags, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const child = spawn(node, args, { stdio: 'inherit', env: environment() });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('error', (error) => refuse(`cannot start ${node}: ${error.message}`));
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function refuse(message, hint = 'install Node 24, or install this package with npm 10 or 11, which bring it along') {
  process.stderr.write(`error: ${message}\nhint: ${hint}\n`);
  process.exitCode = 2;
}
