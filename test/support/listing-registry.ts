// CNCF distribution behind a small proxy that refuses manifests as registries with lists of allowed types do. `gitlab`
// looks at config and artifact type, `quay` (as it is installed, without IGNORE_UNKNOWN_MEDIATYPES) at config and layers;
// each refuses in its own words. `narrow` takes every type, but few layers and small manifests, and deletes nothing.

import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startDistribution } from './distribution.ts';
import { atEnd, type Scope } from './scope.ts';

export type ListKind = 'gitlab' | 'quay' | 'narrow';

export type ListingRegistry = {
  /** `localhost:PORT` of the proxy. */
  readonly host: string;
  /** Manifests that were refused, in the registry's words. */
  readonly refused: readonly string[];
};

type Typed = { readonly mediaType?: string };
type SentManifest = { readonly artifactType?: string; readonly config?: Typed; readonly layers?: readonly Typed[] };

const imageConfig = 'application/vnd.oci.image.config.v1+json';
const helmConfig = 'application/vnd.cncf.helm.config.v1+json';

/** Some of the types with which GitLab fills its table; none of ours, and none of sigstore's bundles. */
const gitlabTypes = new Set([imageConfig, helmConfig, 'application/vnd.docker.container.image.v1+json']);

/** The OCI layer types and what Quay's built-in artifact types add to them. */
const quayLayers = new Set([
  'application/vnd.oci.image.layer.v1.tar',
  'application/vnd.oci.image.layer.v1.tar+gzip',
  'application/vnd.oci.image.layer.v1.tar+zstd',
  'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
  'application/vnd.dev.cosign.simplesigning.v1+json',
  'application/vnd.dsse.envelope.v1+json',
]);
const quayConfigs = new Set([imageConfig, helmConfig]);

export async function startListingRegistry(scope: Scope, kind: ListKind): Promise<ListingRegistry> {
  const behind = await startDistribution(scope, { http: '  relativeurls: true' });
  const port = Number(new URL(behind.url).port);
  const refused: string[] = [];
  const server = createServer((incoming, outgoing) => void serve(incoming, outgoing, port, kind, refused));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(scope, async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return { host: `localhost:${(server.address() as AddressInfo).port}`, refused };
}

async function serve(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  port: number,
  kind: ListKind,
  refused: string[],
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const { method = 'GET', url = '/' } = incoming;
  if (kind === 'narrow') {
    const limit = limitOf(method, url, body);
    if (limit) {
      const errors = [{ code: limit.code, message: limit.message }];
      outgoing.writeHead(limit.status, { 'content-type': 'application/json' }).end(JSON.stringify({ errors }));
      return;
    }
  }
  const refusal = method === 'PUT' && url.includes('/manifests/') ? refusalOf(body, kind) : undefined;
  if (refusal !== undefined) {
    refused.push(refusal);
    const detail = kind === 'gitlab' ? refusal : { message: refusal };
    const errors = [{ code: 'MANIFEST_INVALID', message: 'manifest invalid', detail }];
    outgoing.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ errors }));
    return;
  }
  const passed = request({ host: '127.0.0.1', port, method, path: url, headers: incoming.headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  passed.on('error', () => outgoing.destroy());
  passed.end(body);
}

/** In the words of Amazon ECR for layers, and of CNCF distribution where deleting is turned off. */
function limitOf(
  method: string,
  url: string,
  body: Buffer,
): { status: number; code: string; message: string } | undefined {
  if (method === 'DELETE') return { status: 405, code: 'UNSUPPORTED', message: 'The operation is unsupported.' };
  if (method !== 'PUT' || !url.includes('/manifests/')) return undefined;
  if (body.length > 1 << 20) return { status: 413, code: 'SIZE_INVALID', message: 'too large' };
  const { layers = [] } = JSON.parse(body.toString('utf8')) as SentManifest;
  const message = 'Limit on number of layers per image exceeded';
  return layers.length > 300 ? { status: 405, code: 'UNSUPPORTED', message } : undefined;
}

function refusalOf(body: Buffer, kind: ListKind): string | undefined {
  const { artifactType, config, layers = [] } = JSON.parse(body.toString('utf8')) as SentManifest;
  const unknown = (types: readonly (string | undefined)[], allowed: ReadonlySet<string>): string | undefined =>
    types.find((type) => type !== undefined && !allowed.has(type));
  if (kind === 'gitlab') {
    const type = unknown([config?.mediaType, artifactType], gitlabTypes);
    return type === undefined ? undefined : `unknown media type: ${type}`;
  }
  if (kind === 'narrow') return undefined;
  const types = layers.map(({ mediaType }) => mediaType);
  const type = unknown([config?.mediaType], quayConfigs) ?? unknown(types, quayLayers);
  return type === undefined
    ? undefined
    : `manifest data does not match schema: '${type}' is not one of the allowed types`;
}
