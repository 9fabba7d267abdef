// Judges that are small Go programs of our own around somebody else's library. Built where they are needed; without Go,
// or without a way to the modules, their tests are named skips, with CI=true failures.

import { join } from 'node:path';
import type { Skippable } from '../judges.ts';
import { runProgram } from './run-program.ts';

/** The program built from the Go module in `source`, or why it cannot be. */
export async function buildGoJudge(source: string, folder: string): Promise<{ program: string } | string> {
  const program = join(folder, 'judge');
  const args = ['build', '-trimpath', '-o', program, '.'];
  const options = { cwd: source, env: { CGO_ENABLED: '0' }, timeoutMs: 300_000 };
  const built = await runProgram('go', args, options).catch((error: unknown) => ({ code: 1, stderr: String(error) }));
  return built.code === 0 ? { program } : `the judge in ${source} cannot be built: ${built.stderr.trim()}`;
}

/** The judge, or undefined after a named skip; with CI=true its absence is a failure. */
export function judgeOf<Built extends object>(t: Skippable, built: Built | string): Built | undefined {
  if (typeof built !== 'string') return built;
  if (process.env['CI'] === 'true') throw new Error(built);
  t.skip(built);
  return undefined;
}
