// The servers of the registry benchmark, filled with the same content: ours as its users start it, CNCF distribution, and
// nginx with the same bytes as plain files, where it is installed, as the limit.

import { createReadStream } from 'node:fs';
import { link, mkdir, readdir, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type Descriptor } from '../../src/oci/descriptor.ts';
import { emptyDescriptor, emptyJson, imageManifest, type StoredManifest } from '../../src/oci/manifest.ts';
import { createHttp } from '../../src/registry/client/http.ts';
import { remoteRepository } from '../../src/registry/client/remote-repository.ts';
import { findJudge } from '../judges.ts';
import { startDistribution } from '../support/distribution.ts';
import { freePort } from '../support/free-port.ts';
import type { Scope } from '../support/scope.ts';
import { startService } from '../support/service.ts';
import { startProgram } from '../support/start-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

export const benchRepository = 'default/bench';

export type Served = {
  readonly name: 'ours' | 'peer' | 'limit';
  readonly port: number;
  readonly pid: number;
  /** For pushes; pulls are anonymous everywhere. */
  readonly authorization?: string;
  /** Where it keeps its content. */
  readonly folder: string;
};

export type Content = {
  readonly manifest: StoredManifest;
  readonly small: readonly (readonly [Descriptor, Buffer])[];
  readonly large: Descriptor;
  readonly largeFile: string;
};

export const smallBytes = 16 << 10;
export const largeBytes = 256 << 20;
const smallCount = 256;

/** Bytes that do not compress, the same in every run. */
export function filler(length: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let x = (seed * 2_654_435_761) >>> 0 || 1;
  for (let at = 0; at < length; at += 4) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    bytes.writeInt32LE(x, at);
  }
  return bytes;
}

export async function makeContent(scope: Scope): Promise<Content> {
  const small = Array.from({ length: smallCount }, (_, at) => {
    const bytes = filler(smallBytes, at + 1);
    return [describe('application/octet-stream', bytes), bytes] as const;
  });
  const bytes = filler(largeBytes, 4_711);
  const largeFile = join(await temporaryFolder(scope, 'bench-registry'), 'large');
  await writeFile(largeFile, bytes);
  // As many layers as an artifact of a week or two has: a manifest of some 2.7 kB.
  const manifest = imageManifest({ config: emptyDescriptor, layers: small.slice(0, 16).map(([layer]) => layer) });
  return { manifest, small, large: describe('application/octet-stream', bytes), largeFile };
}

export async function startServers(scope: Scope, content: Content): Promise<readonly Served[]> {
  const service = await startService(scope, { env: { EXPORT_CENTER_LOG_LEVEL: 'warn' } });
  const token = await service.operatorToken();
  const peer = await startDistribution(scope);
  const ours: Served = {
    name: 'ours',
    port: Number(new URL(service.url).port),
    pid: service.program.pid,
    authorization: `Basic ${Buffer.from(`operator:${token}`).toString('base64')}`,
    folder: join(service.data, 'registry'),
  };
  const port = Number(new URL(peer.url).port);
  const theirs: Served = { name: 'peer', port, pid: peer.program.pid, folder: peer.folder };
  await fill(service.host, content, token);
  await fill(peer.host, content);
  const limit = await startNginx(scope, content);
  return limit === undefined ? [ours, theirs] : [ours, theirs, limit];
}

async function fill(registry: string, content: Content, token?: string): Promise<void> {
  const http = createHttp({ env: {} });
  const credentials = token === undefined ? undefined : { tokenFor: () => token, find: () => Promise.resolve({}) };
  const repository = remoteRepository({ registry, repository: benchRepository }, { http, credentials });
  try {
    await repository.pushBlob(emptyDescriptor, emptyJson);
    for (const [descriptor, bytes] of content.small) await repository.pushBlob(descriptor, bytes);
    await repository.pushBlob(content.large, () => createReadStream(content.largeFile, { highWaterMark: 1 << 20 }));
    await repository.pushManifest(content.manifest, ['latest']);
  } finally {
    await http.close();
  }
}

/** Removes the files of at least `size` bytes that came into a server's folder since `known` was asked for. */
export async function removeNewFiles({ folder }: Served, size: number, known: ReadonlySet<string>): Promise<void> {
  for (const path of await filesBelow(folder)) {
    if (!known.has(path) && (await stat(path)).size >= size) await unlink(path);
  }
}

export async function filesBelow(folder: string): Promise<Set<string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return new Set(entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name)));
}

async function startNginx(scope: Scope, content: Content): Promise<Served | undefined> {
  const nginx = findJudge('nginx');
  if (nginx === undefined) {
    console.log('nginx is not installed: no column for the limit');
    return undefined;
  }
  const folder = await temporaryFolder(scope, 'bench-nginx');
  const root = join(folder, 'v2', benchRepository);
  await mkdir(join(root, 'blobs'), { recursive: true });
  await mkdir(join(root, 'manifests'));
  for (const [{ digest }, bytes] of content.small) await writeFile(join(root, 'blobs', digest), bytes);
  await link(content.largeFile, join(root, 'blobs', content.large.digest));
  await writeFile(join(root, 'manifests', content.manifest.descriptor.digest), content.manifest.bytes);
  const port = await freePort();
  await writeFile(join(folder, 'nginx.conf'), nginxConfig(folder, port));
  const program = await startProgram(scope, nginx, ['-c', join(folder, 'nginx.conf'), '-e', 'stderr'], {
    ready: /start worker process \d+/,
  });
  return { name: 'limit', port, pid: program.pid, folder };
}

/** One worker: as much of the machine as our one process has. */
function nginxConfig(folder: string, port: number): string {
  return `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr notice; user root;
events { worker_connections 512; }
http { client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b; fastcgi_temp_path ${folder}/c;
  uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e; access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;
  server { listen 127.0.0.1:${port}; root ${folder}; default_type application/octet-stream; } }
`;
}
