// `node namespace-bridge.ts SOCKET PROGRAM [ARG…]`: runs inside a closed namespace. Opens the port of closed-namespace.ts on
// its loopback, passes each connection on to the socket file SOCKET of the other side, and runs PROGRAM to its end.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { bridgePort } from './closed-namespace.ts';

const [socketFile = '', program = '', ...args] = process.argv.slice(2);

const bridge = createServer((near) => {
  const far = connect(socketFile);
  for (const end of [near, far]) {
    end.on('error', () => {
      near.destroy();
      far.destroy();
    });
  }
  near.pipe(far).pipe(near);
});
bridge.listen(bridgePort, '127.0.0.1');
await once(bridge, 'listening');
const child = spawn(program, args, { stdio: 'inherit' });
const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
bridge.close();
process.exit(code ?? (signal === null ? 1 : 137));
