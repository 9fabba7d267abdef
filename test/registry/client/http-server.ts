// A throw-away HTTP(S) server for the tests of the client: one handler, every request remembered.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { atEnd, type Scope } from '../../support/scope.ts';

export type Seen = {
  readonly method: string;
  /** Path and query; the whole URL when this server is used as a proxy. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
};

export type Handler = (request: Seen, response: ServerResponse) => void | Promise<void>;

export type TestServer = {
  readonly port: number;
  /** `localhost:PORT`. */
  readonly host: string;
  readonly origin: string;
  readonly seen: Seen[];
};

export async function startHttpServer(
  scope: Scope,
  handler: Handler,
  tls?: { readonly key: string; readonly cert: string },
): Promise<TestServer> {
  const seen: Seen[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('error', () => {});
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const entry = { method, path: url, headers, body: Buffer.concat(chunks) };
      seen.push(entry);
      void Promise.resolve(handler(entry, response)).catch((error: unknown) => response.destroy(error as Error));
    });
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(scope, async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  const host = `localhost:${port}`;
  return { port, host, origin: `${tls ? 'https' : 'http'}://${host}`, seen };
}

/** Answers with the next of `answers` for each request; the last one goes on for ever. */
export function inOrder(...answers: Handler[]): Handler {
  let at = 0;
  return (request, response) => answers[Math.min(at++, answers.length - 1)]?.(request, response);
}

export function answer(status: number, body = '', headers: Record<string, string> = {}): Handler {
  return (_, response) => void response.writeHead(status, headers).end(body);
}
