// /vex/TENANT/…: the VEX repository of a tenant (vex-repo-spec 0.1), for `trivy --vex repo`. Who may pull the repository
// `vex` of the tenant may read it.

import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Access } from '../../access/access.ts';
import { tenantNameFault } from '../../access/tenant-name.ts';
import { ExportError } from '../../core/errors.ts';
import type { VexArchive } from '../../runs/vex-repositories.ts';

export type VexRoom = {
  readonly app: OpenAPIHono;
  readonly access: Access;
  /** The archive of a tenant; throws NOT_FOUND when there is no such tenant. */
  readonly archive: (tenant: string) => Promise<VexArchive>;
  /** The URL that clients use; default: the one that they asked. */
  readonly publicUrl?: string;
};

const manifestPath = '/vex/:tenant/.well-known/vex-repository.json';
const archivePath = '/vex/:tenant/vex.tar.gz';

export function addVexRoutes(room: VexRoom): void {
  const { app, access } = room;
  describe(app);
  app.get(manifestPath, async (context) => {
    const tenant = await requireReader(access, context);
    const origin = room.publicUrl ?? new URL(context.req.url).origin;
    const manifest = manifestOf(`${origin}/vex/${tenant}/vex.tar.gz`);
    return Response.json(manifest, { headers: privately(access, tenant) });
  });
  app.on(['GET', 'HEAD'], archivePath, async (context) => {
    const tenant = await requireReader(access, context);
    return answer(context, await room.archive(tenant), privately(access, tenant));
  });
}

/** The one archive, and how often to ask for it (§3.1). */
function manifestOf(url: string): object {
  return {
    name: 'Export Center',
    description: 'VEX statements of ingested OpenVEX documents',
    versions: [{ spec_version: '0.1', locations: [{ url }], update_interval: '1h' }],
  };
}

/** With a strong ETag, so that who has the archive is told so (RFC 9110 §13.1.2). */
async function answer(context: Context, archive: VexArchive, caching: Record<string, string>): Promise<Response> {
  const { path, digest, size } = archive;
  const etag = `"${digest}"`;
  const headers = { ...caching, etag };
  const held = context.req
    .header('if-none-match')
    ?.split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''));
  if (held?.some((tag) => tag === etag || tag === '*') === true) return new Response(null, { status: 304, headers });
  const whole = { ...headers, 'content-type': 'application/gzip', 'content-length': String(size) };
  if (context.req.method === 'HEAD') return new Response(null, { headers: whole });
  // Opened before anything is answered: a later archive may take this one's place.
  const file = await open(path);
  return new Response(Readable.toWeb(file.createReadStream()) as ReadableStream, { headers: whole });
}

async function requireReader(access: Access, context: Context): Promise<string> {
  const tenant = context.req.param('tenant') ?? '';
  const request = `${context.req.method} ${new URL(context.req.url).pathname}`;
  const caller = await access.authenticate(context.req.header('authorization'), request);
  if (tenantNameFault(tenant) === undefined && access.allows(caller, repositoryOf(tenant), 'pull')) return tenant;
  access.noteRefusal(caller, request, 'may not pull');
  if (caller.kind === 'anonymous') throw new ExportError('UNAUTHORIZED', 'a token that allows to pull is needed');
  throw new ExportError('DENIED', 'your role does not allow to pull here');
}

function repositoryOf(tenant: string): string {
  return `${tenant}/vex`;
}

/** Answers that not everybody may have must not stay in caches between. */
function privately(access: Access, tenant: string): Record<string, string> {
  return { 'cache-control': access.isPublic(repositoryOf(tenant)) ? 'no-cache' : 'private, no-cache' };
}

function describe(app: OpenAPIHono): void {
  const tenant = z.object({ tenant: z.string() });
  const failed = { description: 'the request failed' };
  const file = z.string().openapi({ type: 'string', format: 'binary' });
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/vex/{tenant}/.well-known/vex-repository.json',
    operationId: 'vexRepository',
    summary: 'The VEX repository of a tenant (vex-repo-spec 0.1): where its archive is',
    security: [{}, { operatorBearer: [] }, { operatorBasic: [] }],
    request: { params: tenant },
    responses: {
      200: { description: 'the manifest', content: { 'application/json': { schema: z.looseObject({}) } } },
      default: failed,
    },
  });
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/vex/{tenant}/vex.tar.gz',
    operationId: 'vexArchive',
    summary: 'The statements of ingested OpenVEX documents by package; with a strong ETag',
    security: [{}, { operatorBearer: [] }, { operatorBasic: [] }],
    request: { params: tenant },
    responses: {
      200: { description: 'the archive', content: { 'application/gzip': { schema: file } } },
      304: { description: 'the archive is the one that If-None-Match names' },
      default: failed,
    },
  });
}
