// GET /tuf/…: TUF repositories over HTTP, for any client. Metadata are the committed bytes, targets the manifests that
// their hashes name in the tenant's own registry. 404 says that a name is not there and nothing else: a client takes it
// for the end of the chain of roots. Whatever goes wrong is a 503.

import type { Context, Hono } from 'hono';
import type { Access, Caller } from '../../access/access.ts';
import { isDigest, type Digest } from '../../core/digest.ts';
import { ExportError, toExportError } from '../../core/errors.ts';
import { isRepositoryName } from '../../oci/reference.ts';
import type { RegistryStorage } from '../../registry/storage/storage.ts';
import type { TufFiles } from '../../runs/tuf/tuf-files.ts';

export type TufRoom = {
  readonly app: Pick<Hono, 'on'>;
  readonly access: Access;
  readonly storage: RegistryStorage;
  readonly tuf: TufFiles;
};

/** `~<token>` may stand before the repository, for clients that cannot send credentials. */
const addressPattern = /^\/tuf\/(?:~(?<token>[^/]+)\/)?(?<repository>[a-z0-9][a-z0-9._-]*)\/(?<name>.+)$/;
const metadataName = /^[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.json$/;
/** The hash before the last part of the path (TUF §5.7.3), or, as tough asks, before the whole of it. */
const targetNames = [
  /^targets\/(?<folder>.+)\/(?<hash>[0-9a-f]{64})\.[^/]+$/,
  /^targets\/(?<hash>[0-9a-f]{64})\.(?<folder>.+)\/[^/]+$/,
];
const publicRepository = 'trust';
const retryAfterSeconds = '5';

type Address = { readonly token?: string; readonly repository: string; readonly name: string };
type Found = { readonly digest: Digest; readonly bytes: Buffer; readonly moves: boolean; readonly isPublic: boolean };

export function addTufFileRoutes(room: TufRoom): void {
  room.app.on(['GET', 'HEAD'], '/tuf/*', async (context) => {
    try {
      return answer(context, await find(room, context));
    } catch (thrown) {
      return refusal(toExportError(thrown));
    }
  });
}

async function find(room: TufRoom, context: Context): Promise<Found> {
  const address = addressOf(new URL(context.req.url).pathname);
  const isPublic = await requirePull(room, address, context.req.header('authorization'));
  const { repository, name } = address;
  if (metadataName.test(name) || repository === publicRepository) {
    const found = await room.tuf.file(repository, name);
    if (found === undefined) throw absent();
    if (found === 'unpublished') throw new ExportError('INTERNAL', `nothing is published in ${repository} yet`);
    return { ...found, moves: name === 'timestamp.json', isPublic };
  }
  const { folder, digest } = targetOf(name);
  const manifest = await room.storage.repository(`${repository}/${folder}`).manifest(digest);
  if (!manifest) throw absent();
  return { digest, bytes: manifest.bytes, moves: false, isPublic };
}

function addressOf(pathname: string): Address {
  const { token, repository, name } = addressPattern.exec(pathname)?.groups ?? {};
  if (repository === undefined || name === undefined) throw absent();
  return { ...(token === undefined ? {} : { token }), repository, name };
}

function targetOf(name: string): { readonly folder: string; readonly digest: Digest } {
  for (const pattern of targetNames) {
    const { folder = '', hash = '' } = pattern.exec(name)?.groups ?? {};
    const digest = `sha256:${hash}`;
    if (isRepositoryName(folder) && isDigest(digest)) return { folder, digest };
  }
  throw absent();
}

/** Whether strangers may have it, too. Throws UNAUTHORIZED or DENIED for who may not. */
async function requirePull({ access }: TufRoom, address: Address, header: string | undefined): Promise<boolean> {
  const { token, repository, name } = address;
  if (repository === publicRepository) return true;
  const wanted = `${repository}/${metadataName.test(name) ? 'tuf' : targetOf(name).folder}`;
  const request = `GET /tuf/${repository}/${name}`;
  const caller = await access.authenticate(token === undefined ? header : `Bearer ${token}`, request);
  if (token !== undefined && mayWrite(access, caller, wanted)) {
    throw new ExportError('DENIED', 'a token in an address must be one that only reads');
  }
  if (access.allows(caller, wanted, 'pull')) return access.isPublic(wanted);
  access.noteRefusal(caller, request, 'may not pull');
  if (caller.kind === 'anonymous') throw new ExportError('UNAUTHORIZED', 'a token that allows to pull is needed');
  throw new ExportError('DENIED', 'your role does not allow to pull here');
}

/** Addresses get into logs and histories. */
function mayWrite(access: Access, caller: Caller, repository: string): boolean {
  return access.allows(caller, repository, 'push');
}

function answer(context: Context, { digest, bytes, moves, isPublic }: Found): Response {
  const scope = isPublic ? 'public' : 'private';
  const headers = {
    'content-type': 'application/json',
    'content-length': String(bytes.length),
    'cache-control': moves ? 'no-cache' : `${scope}, max-age=31536000, immutable, no-transform`,
    etag: `"${digest}"`,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  };
  return new Response(context.req.method === 'HEAD' ? null : new Uint8Array(bytes), { headers });
}

function refusal(error: ExportError): Response {
  const statuses: { readonly [code: string]: number } = { NOT_FOUND: 404, UNAUTHORIZED: 401, DENIED: 403 };
  const status = statuses[error.code] ?? 503;
  const headers = new Headers({ 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  if (status === 503) headers.set('retry-after', retryAfterSeconds);
  if (status === 401) headers.append('www-authenticate', 'Basic realm="export-center", charset="UTF-8"');
  if (status === 401) headers.append('www-authenticate', 'Bearer realm="export-center"');
  return new Response(`${status === 503 ? 'try again later' : error.message}\n`, { status, headers });
}

function absent(): ExportError {
  return new ExportError('NOT_FOUND', 'no such file');
}
