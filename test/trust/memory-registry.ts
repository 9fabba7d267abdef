// The smallest registry that cosign and oras read from and write to (distribution-spec 1.1), over one repository in
// memory. It exists so that the signatures are judged apart from the product's own registry.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { digestOf, parseDigest } from '../../src/core/digest.ts';
import { parseManifest } from '../../src/oci/manifest.ts';
import { mediaTypes } from '../../src/oci/media-types.ts';
import { atEnd, type Scope } from '../support/scope.ts';
import { MemoryRepository } from './memory-repository.ts';

export type MemoryRegistry = {
  readonly repository: MemoryRepository;
  /** `localhost:PORT/test` */ readonly reference: string;
};

type Answer = { status: number; headers?: Record<string, string | number>; body?: Buffer | string };

/** Listens until the scope ends, on a port that the system chooses. */
export async function startMemoryRegistry(scope: Scope): Promise<MemoryRegistry> {
  const repository = new MemoryRepository();
  const server = createServer((request, response) => void respond(repository, request, response));
  server.listen(0, 'localhost');
  await once(server, 'listening');
  atEnd(scope, () => {
    server.closeAllConnections();
    server.close();
  });
  return { repository, reference: `localhost:${(server.address() as AddressInfo).port}/test` };
}

async function respond(
  repository: MemoryRepository,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const answer = await route(repository, request, Buffer.concat(chunks)).catch((error: unknown) => ({
    status: 400,
    body: JSON.stringify({ errors: [{ code: 'UNKNOWN', message: String(error) }] }),
  }));
  const { status, headers = {}, body = '' }: Answer = answer;
  response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function route(repository: MemoryRepository, request: IncomingMessage, body: Buffer): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const [, , , kind = '', ...rest] = url.pathname.split('/');
  const last = rest.at(-1) ?? '';
  if (kind === '') return { status: 200 };
  if (kind === 'referrers') return referrers(repository, last);
  if (kind === 'manifests') return manifests(repository, request, last, body);
  if (rest[0] === 'uploads') return uploads(repository, request.method ?? '', url, body);
  const bytes = repository.blobs.get(last);
  return bytes ? { status: 200, body: bytes, headers: { 'docker-content-digest': last } } : { status: 404 };
}

async function referrers(repository: MemoryRepository, subject: string): Promise<Answer> {
  const manifests = await repository.referrers(parseDigest(subject));
  const body = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
  return { status: 200, body, headers: { 'content-type': mediaTypes.ociIndex } };
}

async function manifests(
  repository: MemoryRepository,
  request: IncomingMessage,
  reference: string,
  body: Buffer,
): Promise<Answer> {
  if (request.method === 'PUT') {
    const mediaType = request.headers['content-type'] ?? '';
    const digest = digestOf(body);
    const descriptor = { mediaType, digest, size: body.length };
    await repository.pushManifest({ descriptor, bytes: body }, reference === digest ? [] : [reference]);
    const subject = parseManifest(body, mediaType).subject?.digest;
    return {
      status: 201,
      headers: { 'docker-content-digest': digest, ...(subject ? { 'oci-subject': subject } : {}) },
    };
  }
  const stored = await repository.manifest(reference);
  if (!stored) return { status: 404 };
  const { mediaType, digest } = stored.descriptor;
  return { status: 200, body: stored.bytes, headers: { 'content-type': mediaType, 'docker-content-digest': digest } };
}

const sessions = new WeakMap<MemoryRepository, Buffer[]>();

async function uploads(repository: MemoryRepository, method: string, url: URL, body: Buffer): Promise<Answer> {
  const open = sessions.get(repository) ?? [];
  sessions.set(repository, open);
  const id = method === 'POST' ? open.length : Number(url.pathname.split('/').at(-1));
  const bytes = Buffer.concat([open[id] ?? Buffer.alloc(0), body]);
  open[id] = bytes;
  const digest = url.searchParams.get('digest');
  if (digest === null) {
    const headers = { location: `/v2/test/blobs/uploads/${id}`, range: `0-${Math.max(bytes.length - 1, 0)}` };
    return { status: 202, headers };
  }
  await repository.pushBlob({ mediaType: '', digest: parseDigest(digest), size: bytes.length }, bytes);
  return { status: 201, headers: { location: `/v2/test/blobs/${digest}`, 'docker-content-digest': digest } };
}
