// GET /api/v1/bundles/TENANT/REPOSITORY/REFERENCE.tar: a whole bundle as one file, for those who have a browser or curl
// and no OCI client. Who may pull from the repository may have it; nothing else is asked for.

import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Access } from '../../access/access.ts';
import { isDigest } from '../../core/digest.ts';
import { ExportError } from '../../core/errors.ts';
import { isRepositoryName, isTag } from '../../oci/reference.ts';
import { BufferPool } from '../../registry/server/buffer-pool.ts';
import { sendDownload } from '../../registry/server/download.ts';
import type { RegistryStorage } from '../../registry/storage/storage.ts';
import { problemMediaType } from '../problem.ts';
import { problemSchema } from '../schemas.ts';

export type DownloadRoom = {
  readonly app: OpenAPIHono;
  readonly access: Access;
  readonly storage: RegistryStorage;
};

const prefix = '/api/v1/bundles/';

export function addDownloadRoutes({ app, access, storage }: DownloadRoom): void {
  describeDownload(app);
  const buffers = new BufferPool();
  app.on(['GET', 'HEAD'], `${prefix}*`, async (context) => {
    const { incoming, outgoing } = bindingsOf(context);
    const { name, reference } = parsePath(new URL(context.req.url).pathname);
    await requirePull(access, incoming.headers.authorization, name);
    const repository = storage.repository(name);
    await sendDownload({ repository, reference, incoming, outgoing, buffers, isPublic: access.isPublic(name) });
    return RESPONSE_ALREADY_SENT;
  });
}

function bindingsOf({ env }: Context): { incoming: HttpBindings['incoming']; outgoing: NodeResponse } {
  const { incoming, outgoing } = env as HttpBindings;
  if (!('req' in outgoing)) throw new ExportError('INTERNAL', 'downloads are served over HTTP/1.1 only');
  return { incoming, outgoing };
}

type NodeResponse = Extract<HttpBindings['outgoing'], { req: unknown }>;

function parsePath(pathname: string): { readonly name: string; readonly reference: string } {
  const path = decode(pathname.slice(prefix.length));
  const [, name = '', reference = ''] = /^(.+)\/([^/]+)\.tar$/.exec(path) ?? [];
  if (isRepositoryName(name) && (isTag(reference) || isDigest(reference))) return { name, reference };
  throw new ExportError('NOT_FOUND', 'no such download', {
    hint: `write ${prefix}TENANT/REPOSITORY/TAG.tar, or a digest in place of the tag`,
  });
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return '';
  }
}

async function requirePull(access: Access, authorization: string | undefined, repository: string): Promise<void> {
  const request = `GET ${prefix}${repository}`;
  const caller = await access.authenticate(authorization, request);
  if (access.allows(caller, repository, 'pull')) return;
  access.noteRefusal(caller, request, 'may not pull');
  if (caller.kind === 'anonymous') throw new ExportError('UNAUTHORIZED', 'a token that allows to pull is needed');
  throw new ExportError('DENIED', 'your role does not allow to pull here');
}

/** For readers of the description; a path with slashes in a parameter is beyond what OpenAPI can say exactly. */
function describeDownload(app: OpenAPIHono): void {
  const file = z.string().openapi({ type: 'string', format: 'binary' });
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: `${prefix}{tenant}/{repository}/{reference}.tar`,
    operationId: 'downloadBundle',
    summary: 'A whole bundle with its signatures as a tar of its OCI image layout; ranges and If-Range are understood',
    security: [{}, { operatorBearer: [] }, { operatorBasic: [] }],
    request: { params: z.object({ tenant: z.string(), repository: z.string(), reference: z.string() }) },
    responses: {
      200: { description: 'the archive', content: { 'application/x-tar': { schema: file } } },
      206: { description: 'a part of it', content: { 'application/x-tar': { schema: file } } },
      default: { description: 'the request failed', content: { [problemMediaType]: { schema: problemSchema } } },
    },
  });
}
