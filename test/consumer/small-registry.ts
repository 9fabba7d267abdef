// A small read-only registry over any repository, for the tests of the consumer: it counts what it sends and can be told
// to misbehave.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { parseDigest } from '../../src/core/digest.ts';
import { imageIndex } from '../../src/oci/manifest.ts';
import type { RepositoryReader } from '../../src/oci/repository.ts';
import { atEnd, type Scope } from '../support/scope.ts';

export type SmallRegistry = {
  /** HOST:PORT/mirror, to which a tag is added. */
  readonly name: string;
  /** Bytes of bodies that were sent. */
  sent: number;
  /** `METHOD path` of every request. */
  readonly requests: string[];
  /** Changes the body of an answer; what it gives back is sent. */
  tamper: ((path: string, body: Buffer) => Buffer) | undefined;
  /** Bytes after which a blob's connection is cut; no limit by default. */
  cutAfter: number | undefined;
};

type Answer = { readonly status: number; readonly type: string; readonly body: Buffer; readonly digest?: string };

export async function startSmallRegistry(scope: Scope, repository: RepositoryReader): Promise<SmallRegistry> {
  const registry = { name: '', sent: 0, requests: [] as string[], tamper: undefined, cutAfter: undefined };
  const server = createServer((request, response) => {
    void answer(registry, repository, request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(scope, async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  registry.name = `127.0.0.1:${(server.address() as AddressInfo).port}/mirror`;
  return registry;
}

async function answer(
  registry: SmallRegistry,
  repository: RepositoryReader,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '').replace(/^\/v2\/mirror\//, '').replace(/\?.*$/, '');
  registry.requests.push(`${request.method} ${path}`);
  const found = await find(repository, path);
  const body = registry.tamper && found.status === 200 ? registry.tamper(path, found.body) : found.body;
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const ranged = path.startsWith('blobs/') && start > 0 && start < body.length;
  const piece = ranged ? body.subarray(start) : body;
  response.writeHead(ranged ? 206 : found.status, {
    'content-type': found.type,
    'content-length': piece.length,
    ...(found.digest ? { 'docker-content-digest': found.digest } : {}),
    ...(ranged ? { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` } : {}),
  });
  if (request.method === 'HEAD') return void response.end();
  const { cutAfter } = registry;
  if (cutAfter !== undefined && path.startsWith('blobs/') && piece.length > cutAfter) {
    registry.sent += cutAfter;
    response.write(piece.subarray(0, cutAfter), () => response.destroy());
    return;
  }
  registry.sent += piece.length;
  response.end(piece);
}

async function find(repository: RepositoryReader, path: string): Promise<Answer> {
  const [kind, reference = ''] = path.split('/');
  if (kind === 'manifests') {
    const stored = await repository.manifest(reference);
    if (!stored) return missing;
    const { mediaType, digest } = stored.descriptor;
    return { status: 200, type: mediaType, body: stored.bytes, digest };
  }
  const digest = parseDigest(reference);
  if (kind === 'referrers') {
    const index = imageIndex({ manifests: await repository.referrers(digest) });
    return { status: 200, type: index.descriptor.mediaType, body: index.bytes };
  }
  const size = await repository.statBlob(digest);
  if (size === undefined) return missing;
  const pieces: Buffer[] = [];
  for await (const piece of repository.openBlob({ mediaType: '', digest, size })) pieces.push(piece);
  return { status: 200, type: 'application/octet-stream', body: Buffer.concat(pieces), digest };
}

const missing: Answer = {
  status: 404,
  type: 'application/json',
  body: Buffer.from('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}'),
};
