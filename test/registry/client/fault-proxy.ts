// Stands between a client and a real registry, remembers what passes, and breaks what the test wants broken.

import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { atEnd, type Scope } from '../../support/scope.ts';

export type Passed = { readonly method: string; readonly path: string; bodyBytes: number; status: number | undefined };

/** `after`: the connection is cut once so many bytes of the body have gone on to the registry. */
export type Fault = { readonly after: number } | undefined;

export type FaultProxy = { readonly host: string; readonly passed: Passed[] };

export async function startFaultProxy(
  scope: Scope,
  target: string,
  fault: (request: Passed, number: number) => Fault = () => undefined,
): Promise<FaultProxy> {
  const passed: Passed[] = [];
  const server = createServer((incoming, response) => {
    const entry: Passed = { method: incoming.method ?? '', path: incoming.url ?? '', bodyBytes: 0, status: undefined };
    passed.push(entry);
    forward(target, incoming, response, entry, fault(entry, passed.length));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(scope, () => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `localhost:${(server.address() as AddressInfo).port}`, passed };
}

function forward(
  target: string,
  incoming: IncomingMessage,
  response: ServerResponse,
  entry: Passed,
  fault: Fault,
): void {
  // The client's own Host header goes along, so that the registry's locations lead back through here.
  const onward = httpRequest(`http://${target}${incoming.url}`, { method: incoming.method, headers: incoming.headers });
  const cut = (): void => {
    onward.destroy();
    response.destroy();
  };
  onward.on('error', cut);
  incoming.on('error', cut);
  onward.on('response', (answer) => {
    entry.status = answer.statusCode;
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  incoming.on('data', (chunk: Buffer) => {
    const room = fault ? fault.after - entry.bodyBytes : chunk.length;
    const part = chunk.subarray(0, room);
    entry.bodyBytes += part.length;
    if (fault && entry.bodyBytes >= fault.after) {
      incoming.pause();
      onward.write(part, () => setImmediate(cut));
    } else if (!onward.write(part)) {
      incoming.pause();
      onward.once('drain', () => incoming.resume());
    }
  });
  incoming.on('end', () => onward.end());
}
