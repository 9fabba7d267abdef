// Installs one judge program into the cache folder. Everything is made in a folder beside its place and renamed, so that
// a half-built judge never counts as one; two installations at the same time end with one of the two.

import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { mustRun } from '../test/support/run-program.ts';
import type { Judge } from './judge-list.ts';
import { unpackFromSid } from './judge-debian.ts';

const buildTimeoutMs = 30 * 60_000;

/** Throws with the installer's own words when it fails, and with a hint for what only the system can install. */
export async function installJudge(judge: Judge, cache: string): Promise<void> {
  const { source } = judge;
  if (source.kind === 'system') throw new Error(`needs the system package ${source.package}: apt-get install it`);
  const scratch = await mkdtemp(join(cache, '.build-'));
  try {
    switch (source.kind) {
      case 'go':
        return await place(judge, cache, await goInstall(source.packages, scratch));
      case 'go-tool':
        return await place(judge, cache, await goTool(source, scratch));
      case 'debian-sid':
        return await place(judge, cache, join(await unpackFromSid(source.package, scratch), 'usr', 'bin'));
      case 'npm':
        return await place(judge, cache, await npmInstall(source.package, scratch));
      case 'python':
        return await placeFolder(judge, cache, await pythonEnvironment(source.requirements, scratch));
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function goInstall(packages: readonly string[], scratch: string): Promise<string> {
  const bin = join(scratch, 'bin');
  for (const name of packages) await goRun(['install', '-trimpath', name], scratch, { GOBIN: bin });
  return bin;
}

async function goTool(
  source: { package: string; version: string; experiment: string },
  scratch: string,
): Promise<string> {
  const bin = join(scratch, 'bin');
  await goRun(['mod', 'init', 'judge'], scratch);
  await goRun(['get', '-tool', `${source.package}@${source.version}`], scratch);
  const target = join(bin, basename(source.package));
  await goRun(['build', '-trimpath', '-o', target, source.package], scratch, { GOEXPERIMENT: source.experiment });
  return bin;
}

async function npmInstall(name: string, scratch: string): Promise<string> {
  const quiet = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await mustRun('npm', ['install', '--prefix', scratch, ...quiet, name], { cwd: scratch, timeoutMs: buildTimeoutMs });
  return join(scratch, 'node_modules', name.slice(0, name.lastIndexOf('@')), 'bin');
}

async function goRun(args: readonly string[], cwd: string, env: Record<string, string> = {}): Promise<void> {
  const environment = { CGO_ENABLED: '0', ...env };
  await mustRun('go', args, { cwd, env: environment, timeoutMs: buildTimeoutMs }).catch((error: unknown) => {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw missing ? new Error('needs the Go toolchain in PATH: https://go.dev/dl') : error;
  });
}

async function pythonEnvironment(requirements: readonly string[], scratch: string): Promise<string> {
  const folder = join(scratch, 'venv');
  await mustRun('python3', ['-m', 'venv', folder], { timeoutMs: buildTimeoutMs });
  const list = join(scratch, 'requirements.txt');
  await writeFile(list, `${requirements.join('\n')}\n`);
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', list];
  await mustRun(join(folder, 'bin', 'python'), args, { timeoutMs: buildTimeoutMs });
  return folder;
}

/** Moves the judge's files from `bin`, where they have their plain names, to their places in the cache. */
async function place(judge: Judge, cache: string, bin: string): Promise<void> {
  for (const file of judge.files ?? []) {
    const target = join(cache, file);
    const built = join(bin, basename(file));
    await mkdir(dirname(target), { recursive: true });
    await rename(built, target).catch(async (error: unknown) => {
      const names = await readdir(bin).catch(() => []);
      throw new Error(`it did not bring ${basename(file)}, only ${names.join(' ') || 'nothing'}`, { cause: error });
    });
  }
}

/** A Python environment is a folder: `venv/bin/python` → `venv`. Its interpreter works wherever the folder lies. */
async function placeFolder(judge: Judge, cache: string, folder: string): Promise<void> {
  const target = join(cache, (judge.files?.[0] ?? '').split('/')[0] ?? '');
  await rm(target, { recursive: true, force: true });
  await rename(folder, target);
}
