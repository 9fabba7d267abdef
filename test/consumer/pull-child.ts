// A pull in a process of its own that dies by SIGKILL in the middle of its n-th step on the file system. Prints the
// number of steps when it is left alive.

import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const [reference = '', dir = '', dieAt = '0'] = process.argv.slice(2);
let steps = 0;

type Methods = Record<string, (...args: unknown[]) => unknown>;

function count(owner: Methods, names: readonly string[]): void {
  for (const name of names) {
    const original = owner[name] as Methods[string];
    owner[name] = function (this: unknown, ...args: unknown[]) {
      if (++steps === Number(dieAt)) process.kill(process.pid, 'SIGKILL');
      return original.apply(this, args);
    };
  }
}

const handle = await fs.open(import.meta.filename);
count(Object.getPrototypeOf(handle) as Methods, ['sync', 'writeFile', 'appendFile', 'write']);
await handle.close();
count(fs as unknown as Methods, ['open', 'rename', 'unlink', 'mkdir', 'rm', 'writeFile', 'truncate']);
syncBuiltinESMExports();
const { mirrorPull } = await import('../../src/consumer/pull.ts');
await mirrorPull({ reference, dir, signatureOnly: true });
process.stdout.write(String(steps));
