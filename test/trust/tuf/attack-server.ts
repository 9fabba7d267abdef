// A web server that an attacker owns: each client has an address of its own, at which the attacker changes what there is.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { atEnd, type Scope } from '../../support/scope.ts';
import type { ServedFiles } from './authoring.ts';

/** In place of a file: a stream without an end. */
export const endless = Symbol('endless');
/** In place of a file: a byte every minute. */
export const slow = Symbol('slow');

export type Trick = Buffer | typeof endless | typeof slow | undefined;

export type AttackServer = {
  /** A new address that serves these files. */
  address(files: ServedFiles): Address;
};

export type Address = { readonly url: string; serve(files: ServedFiles, tricks?: ReadonlyMap<string, Trick>): void };

type Served = { readonly files: ServedFiles; readonly tricks: ReadonlyMap<string, Trick> };

export async function startAttackServer(scope: Scope): Promise<AttackServer> {
  const addresses = new Map<string, Served>();
  const server = createServer((request, response) => {
    const [, id = '', name = ''] = /^\/([^/]+)\/(.+)$/.exec(request.url ?? '') ?? [];
    const { files, tricks } = addresses.get(id) ?? {
      files: new Map<string, Buffer>(),
      tricks: new Map<string, Trick>(),
    };
    const answer = tricks.has(name) ? tricks.get(name) : files.get(name);
    if (answer === endless) return flood(response);
    if (answer === slow) return drip(response);
    response.writeHead(answer === undefined ? 404 : 200).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(scope, () => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const { port } = server.address() as AddressInfo;
  let count = 0;
  return {
    address(files) {
      const id = `a${++count}`;
      addresses.set(id, { files, tricks: new Map() });
      return {
        url: `http://127.0.0.1:${port}/${id}`,
        serve: (next, tricks = new Map()) => void addresses.set(id, { files: next, tricks }),
      };
    },
  };
}

type Response = Parameters<NonNullable<Parameters<typeof createServer>[1]>>[1];

function flood(response: Response): void {
  const piece = Buffer.alloc(65_536, 0x20);
  response.writeHead(200);
  const more = (): void => {
    while (!response.destroyed && response.write(piece));
  };
  response.on('drain', more);
  response.on('error', () => undefined);
  more();
}

function drip(response: Response): void {
  response.writeHead(200).write(' ');
  const timer = setInterval(() => response.write(' '), 60_000);
  response.on('error', () => undefined);
  response.on('close', () => clearInterval(timer));
}
