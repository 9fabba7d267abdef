// A proxy that tunnels (RFC 9110 §9.3.6 CONNECT) to ports of this machine, whatever names it is asked for.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { atEnd, type Scope } from './scope.ts';

export type ConnectProxy = {
  /** 0 when it listens on a socket file. */
  readonly port: number;
  /** `HOST:PORT CREDENTIALS` of every tunnel that was asked for; `-` without credentials. */
  readonly asked: string[];
};

export type ConnectProxyOptions = {
  /** The port of this machine behind `HOST:PORT`; undefined is refused. */
  readonly portOf: (target: string) => number | undefined;
  /** Listens here instead of on a port. */
  readonly socketFile?: string;
};

export async function startConnectProxy(scope: Scope, options: ConnectProxyOptions): Promise<ConnectProxy> {
  const asked: string[] = [];
  const sockets = new Set<Duplex>();
  const server = createServer().on('connect', (request, socket: Duplex) => {
    asked.push(`${request.url} ${request.headers['proxy-authorization'] ?? '-'}`);
    const port = options.portOf(request.url ?? '');
    if (port === undefined) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const target = connect(port, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
    for (const end of [socket, target]) {
      sockets.add(end);
      end.on('error', () => {});
    }
    socket.pipe(target).pipe(socket);
  });
  if (options.socketFile === undefined) server.listen(0, '127.0.0.1');
  else server.listen(options.socketFile);
  await once(server, 'listening');
  atEnd(scope, () => {
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    server.close();
  });
  const address = server.address() as AddressInfo | string;
  return { port: typeof address === 'string' ? 0 : address.port, asked };
}
