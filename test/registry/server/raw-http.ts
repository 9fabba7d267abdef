// Requests by node:http, with every header of the answer as it came. Nothing is retried, followed or decoded.

import { request, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import type { StartedRegistry } from '../start-registry.ts';

export type RawAnswer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer };

export type RawRequest = {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  /** Send the operator's Basic credentials; true by default for everything but GET and HEAD. */
  readonly operator?: boolean;
};

export function ask(
  registry: StartedRegistry,
  method: string,
  path: string,
  options: RawRequest = {},
): Promise<RawAnswer> {
  const { body, operator = method !== 'GET' && method !== 'HEAD' } = options;
  const headers = {
    host: registry.host,
    ...(operator ? { authorization: registry.basic } : {}),
    ...(body === undefined || options.headers?.['transfer-encoding'] !== undefined
      ? {}
      : { 'content-length': String(Buffer.byteLength(body)) }),
    ...options.headers,
  };
  const target: RequestOptions = { host: '127.0.0.1', port: registry.port, method, path, headers, agent: false };
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  const outgoing = request(target, (incoming) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('error', reject);
    incoming.on('end', () =>
      resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) }),
    );
  });
  outgoing.on('error', reject);
  outgoing.end(body);
  return promise;
}

/** Codes of an answer in the specification's error shape. */
export function errorCodes(answer: RawAnswer): string[] {
  const { errors } = JSON.parse(answer.body.toString('utf8')) as { errors: { code: string; message: string }[] };
  return errors.map(({ code }) => code);
}

export function json(answer: RawAnswer): Record<string, unknown> {
  return JSON.parse(answer.body.toString('utf8')) as Record<string, unknown>;
}
