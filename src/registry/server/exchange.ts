// One request with its answer, on Node's own objects: blobs go from file to socket without web streams, and nothing
// between us and the client adds a charset, a length or an encoding to what the specification fixes byte for byte.

import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Access, Caller } from '../../access/access.ts';
import type { RegistryStorage, StoredRepository } from '../storage/storage.ts';
import type { BufferPool } from './buffer-pool.ts';

/** What all requests share. */
export type RegistryContext = {
  readonly storage: RegistryStorage;
  readonly access: Access;
  /** Scheme and host as this client reaches us, without a slash at the end. */
  readonly originOf: (incoming: IncomingMessage) => string;
  readonly challenge: 'bearer' | 'basic';
  readonly buffers: BufferPool;
  /** Names that are answered as other repositories, read-only: what a client cannot be told to ask for otherwise. */
  readonly aliases: ReadonlyMap<string, string>;
};

export type Exchange = {
  readonly context: RegistryContext;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly method: string;
  readonly query: URLSearchParams;
  readonly caller: Caller;
};

/** An exchange about one repository; `reference` is the part of the path behind the noun (digest, tag or upload id). */
export type RepositoryExchange = Exchange & { readonly repository: StoredRepository; readonly reference: string };

const always: OutgoingHttpHeaders = {
  'Docker-Distribution-Api-Version': 'registry/2.0',
  'X-Content-Type-Options': 'nosniff',
};

/** Answers with all of `body`. Nothing happens when the client has gone or was answered already. */
export function reply(
  { outgoing }: Pick<Exchange, 'outgoing'>,
  status: number,
  headers: OutgoingHttpHeaders,
  body: string | Buffer = '',
): void {
  if (outgoing.destroyed || outgoing.headersSent) return;
  const length = status === 204 || status === 304 ? {} : { 'Content-Length': Buffer.byteLength(body) };
  outgoing.writeHead(status, { ...always, ...length, ...headers });
  outgoing.end(body);
}

/** Sends the status line and headers of an answer whose body follows, or to a HEAD request. */
export function replyHeaders({ outgoing }: Exchange, status: number, headers: OutgoingHttpHeaders): boolean {
  if (outgoing.destroyed || outgoing.headersSent) return false;
  outgoing.writeHead(status, { ...always, ...headers });
  return true;
}

export function replyJson(x: Pick<Exchange, 'outgoing'>, value: unknown, headers: OutgoingHttpHeaders = {}): void {
  reply(x, 200, { 'Content-Type': 'application/json', ...headers }, JSON.stringify(value));
}

/** A header that may come once only; the first one when it comes twice. */
export function headerOf({ incoming }: Pick<Exchange, 'incoming'>, name: string): string | undefined {
  const value = incoming.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Length of the request's body in bytes as declared, undefined when it comes in chunks. */
export function declaredLength({ incoming }: Pick<Exchange, 'incoming'>): number | undefined {
  if (incoming.headers['transfer-encoding'] !== undefined) return undefined;
  return Number(incoming.headers['content-length'] ?? 0);
}

/** The request's body. Leaving it early does not cut the connection, so that a refusal still reaches the client. */
export function bodyOf({ incoming }: Pick<Exchange, 'incoming'>): AsyncIterable<Buffer> {
  return { [Symbol.asyncIterator]: () => incoming.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer> };
}

/**
 * The request's body for those who copy or write each piece before they ask for the next one: its memory is given back
 * then. Left to the garbage collector, the pieces of a large upload would cost as much time as hashing it.
 */
export async function* passingBodyOf(x: Pick<Exchange, 'incoming'>): AsyncGenerator<Buffer> {
  for await (const piece of bodyOf(x)) {
    yield piece;
    // Node's parser gives every piece memory of its own; one that shares its memory is left alone.
    if (piece.byteLength === piece.buffer.byteLength && piece.buffer instanceof ArrayBuffer) piece.buffer.transfer(0);
  }
}

/** True when nobody is there any more to read an answer. */
export function hasGone({ incoming, outgoing }: Pick<Exchange, 'incoming' | 'outgoing'>): boolean {
  return outgoing.destroyed || incoming.errored !== null || (incoming.destroyed && !incoming.complete);
}

/** The client has done its part and waits for us: syncing a large file to a slow disk is no stall. */
export function expectSilence({ incoming }: Pick<Exchange, 'incoming'>): void {
  incoming.socket.setTimeout(0);
}
