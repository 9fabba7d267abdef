// Benchmarks that measure inside their own process run it as the launcher runs the program: same V8 flags, same bounds
// of the C library. Otherwise speed would be measured with memory that the product does not take.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const launcher = join(import.meta.dirname, '..', '..', 'bin', 'export-center.js');

/** The launcher's `nodeFlags`. */
export function productFlags(): string[] {
  const list = /^const nodeFlags = \[(.*)\];$/m.exec(readFileSync(launcher, 'utf8'))?.[1] ?? '';
  return [...list.matchAll(/'([^']+)'/g)].map(([, flag]) => flag ?? '');
}

/** Starts this very process anew with the product's flags, unless it has them. */
export function takeProductFlags(): void {
  const flags = productFlags();
  if (process.execve === undefined || flags.every((flag) => process.execArgv.includes(flag))) return;
  const args = [process.execPath, ...flags, ...process.execArgv, ...process.argv.slice(1)];
  process.execve(process.execPath, args, { MALLOC_TRIM_THRESHOLD_: '131072', ...process.env });
}
