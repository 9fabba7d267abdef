// `npm run judges [-- NAME…]`: fetches judge programs into the cache folder, skips what is there, a line for each with its
// seconds. Without names: what the suite uses. Names it cannot install itself get a hint and make the command fail.

import { mkdir } from 'node:fs/promises';
import { findJudge } from '../test/judges.ts';
import { installJudge } from './judge-install.ts';
import { isJudgeName, judgeCacheFolder, judges, suiteJudges, type JudgeName } from './judge-list.ts';

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !isJudgeName(name));

if (unknown.length > 0) {
  console.error(`error: no judge is called ${unknown.join(', ')}`);
  console.error(`hint: npm run judges -- NAME…, where NAME is one of: ${Object.keys(judges).join(' ')}`);
  process.exitCode = 2;
} else {
  const folder = judgeCacheFolder(process.env);
  await mkdir(folder, { recursive: true });
  for (const name of asked.length > 0 ? asked.filter(isJudgeName) : suiteJudges) await provide(name, folder);
}

async function provide(name: JudgeName, folder: string): Promise<void> {
  const present = findJudge(name);
  if (present !== undefined) return report(name, `there: ${present}`);
  const start = performance.now();
  try {
    await installJudge(judges[name], folder);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const path = findJudge(name);
    if (path === undefined) throw new Error('the installation ran, but the program is not where it should be');
    report(name, `installed in ${seconds} s: ${path}`);
  } catch (error) {
    report(name, `failed: ${reasonOf(error)}`);
    process.exitCode = 1;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const absent = 'code' in error && error.code === 'ENOENT' && 'path' in error;
  return absent ? `needs ${String(error.path)} in PATH` : error.message;
}

function report(name: string, what: string): void {
  console.log(`${name.padEnd(14)} ${what}`);
}
