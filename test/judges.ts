// Looks judge programs up for the tests. One that is absent is a named skip on a developer's machine and a failure with
// CI=true, so that a green build never means "nobody looked".

import { accessSync, constants, globSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { judgeCacheFolder, judges, type Judge, type JudgeName } from '../scripts/judge-list.ts';

export type { JudgeName } from '../scripts/judge-list.ts';

/** The part of node:test's context that skipping needs. */
export type Skippable = { skip(message?: string): void };

/** Path of a judge program: the cache of `npm run judges` first, then PATH; undefined when it is not there. */
export function findJudge(name: JudgeName, environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const judge: Judge = judges[name];
  const cached = (judge.files ?? []).map((file) => join(judgeCacheFolder(environment), file));
  if (cached[0] !== undefined && cached.every(isProgram)) return cached[0];
  if (judge.command === null) return undefined;
  const command = judge.command ?? name;
  const folders = [...searchPath(environment), ...(judge.folders ?? []).flatMap(expandFolder)];
  return folders.map((folder) => join(folder, command)).find(isProgram);
}

/** Path of a judge program that the test cannot do without. Throws when it is not there. */
export function judge(name: JudgeName): string {
  const path = findJudge(name);
  if (path === undefined) throw new Error(missing(name));
  return path;
}

/**
 * Path of a judge, or undefined after `t.skip`: `const oras = judgeOrSkip(t, 'oras'); if (!oras) return;`.
 * With CI=true an absent judge throws, which fails the test.
 */
export function judgeOrSkip(t: Skippable, name: JudgeName): string | undefined {
  const path = findJudge(name);
  if (path === undefined && inCi()) throw new Error(missing(name));
  if (path === undefined) t.skip(missing(name));
  return path;
}

/** For the `skip` option of a test or suite: the reason when one of `names` is absent; always false with CI=true. */
export function skipWithout(...names: JudgeName[]): string | false {
  const absent = names.filter((name) => findJudge(name) === undefined);
  return absent.length === 0 || inCi() ? false : absent.map(missing).join('; ');
}

function missing(name: JudgeName): string {
  const { source }: Judge = judges[name];
  const how = source.kind === 'system' ? `install the package ${source.package}` : `npm run judges -- ${name}`;
  return `the judge ${name} is not here: ${how}`;
}

function inCi(): boolean {
  return process.env['CI'] === 'true';
}

function searchPath(environment: NodeJS.ProcessEnv): string[] {
  return (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
}

/** Folders that match, the highest version first. */
function expandFolder(pattern: string): string[] {
  return pattern.includes('*') ? globSync(pattern).sort(byVersionDescending) : [pattern];
}

function byVersionDescending(a: string, b: string): number {
  return b.localeCompare(a, 'en', { numeric: true });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
