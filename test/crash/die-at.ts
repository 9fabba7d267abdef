// Preloaded into a program (`--import`): counts its steps to the outside (files, sockets, threads with their databases
// and encoders) and, with DIE_AT=n, ends it by SIGKILL at its n-th step: an odd one is not done any more, an even one has
// been begun. With COUNT_STEPS=FILE each step adds a byte to that file.

import { openSync, writeSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';
import { isMainThread, Worker } from 'node:worker_threads';

type Methods = Record<string, (...args: unknown[]) => unknown>;

const dieAt = Number(process.env['DIE_AT'] ?? 0);
const counted = process.env['COUNT_STEPS'];
const counter = counted === undefined ? undefined : openSync(counted, 'w');
let steps = 0;

function count(owner: Methods, names: readonly string[]): void {
  for (const name of names) {
    const original = owner[name] as Methods[string];
    owner[name] = function (this: unknown, ...args: unknown[]) {
      const step = ++steps;
      if (counter !== undefined) writeSync(counter, '.');
      if (step === dieAt && step % 2 === 1) process.kill(process.pid, 'SIGKILL');
      const result = original.apply(this, args);
      if (step === dieAt) process.kill(process.pid, 'SIGKILL');
      return result;
    };
  }
}

if (isMainThread) {
  const handle = await fs.open(import.meta.filename);
  count(Object.getPrototypeOf(handle) as Methods, ['sync', 'datasync', 'write', 'writev', 'writeFile', 'appendFile']);
  await handle.close();
  count(fs as unknown as Methods, ['open', 'rename', 'link', 'unlink', 'mkdir', 'rm', 'writeFile', 'utimes']);
  count(Worker.prototype as unknown as Methods, ['postMessage']);
  count(Socket.prototype as unknown as Methods, ['write']);
  syncBuiltinESMExports();
}
