// A materialization in a process of its own that dies by SIGKILL before its n-th step on the file system. Prints the
// names of its steps when it is left alive.

import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const [dir = '', cache = '', dieAt = '0'] = process.argv.slice(2);
const steps: string[] = [];

type Methods = Record<string, (...args: unknown[]) => unknown>;

function count(owner: Methods, names: readonly string[]): void {
  for (const name of names) {
    const original = owner[name] as Methods[string];
    owner[name] = function (this: unknown, ...args: unknown[]) {
      if (steps.push(name) === Number(dieAt)) process.kill(process.pid, 'SIGKILL');
      return original.apply(this, args);
    };
  }
}

const handle = await fs.open(import.meta.filename);
count(Object.getPrototypeOf(handle) as Methods, ['sync', 'write']);
await handle.close();
count(fs as unknown as Methods, ['open', 'rename', 'symlink', 'mkdir', 'rm']);
syncBuiltinESMExports();
const { materializeTrivyCache } = await import('../../src/consumer/materialize.ts');
await materializeTrivyCache(dir, cache, { now: new Date('2026-07-03T12:00:00Z') });
process.stdout.write(steps.join(' '));
