// /api/v1/keys, /sign and /trust: signing keys, files signed with them, and what consumers trust. Private parts come in and never go out.

import { z } from '@hono/zod-openapi';
import { limits } from '../../core/limits.ts';
import { exact } from '../exact.ts';
import { readByteBody } from '../request-body.ts';
import { addRoute, type RouteRoom } from '../route.ts';
import {
  activateKeySchema,
  importKeySchema,
  keyRotationSchema,
  fileBundleSchema,
  keySchema,
  keysSchema,
  trustFilesSchema,
} from '../schemas.ts';

const keyParamsSchema = z.strictObject({ id: z.string() });

export function addKeyRoutes(room: RouteRoom): void {
  const { center } = room;
  addRoute(
    room,
    {
      method: 'get',
      path: '/api/v1/trust',
      operationId: 'showTrust',
      summary: 'The trusted root and the other files that consumers configure cosign with',
      scope: 'installation',
      role: 'any',
      answer: trustFilesSchema,
    },
    async () => Response.json({ files: await center.trustFiles() }),
  );
  addRoute(
    room,
    {
      method: 'get',
      path: '/api/v1/keys',
      operationId: 'listKeys',
      summary: 'Signing keys with their public halves',
      scope: 'installation',
      role: 'operator',
      answer: keysSchema,
    },
    async () => Response.json({ keys: await center.keys() }),
  );
  addRoute(
    room,
    {
      method: 'post',
      path: '/api/v1/keys/generate',
      operationId: 'generateKey',
      summary: 'Make a key and sign with it from now on',
      scope: 'installation',
      role: 'operator',
      query: keyRotationSchema,
      answer: keySchema,
    },
    async ({ query, actor }) => Response.json(await center.generateKey(exact(query), actor)),
  );
  addRoute(
    room,
    {
      method: 'post',
      path: '/api/v1/keys/import',
      operationId: 'importKey',
      summary: 'Bring a key and sign with it from now on',
      scope: 'installation',
      role: 'operator',
      body: importKeySchema,
      answer: keySchema,
    },
    async ({ body: { key, password, ...rotation }, actor }) =>
      Response.json(await center.importKey(key, password, exact(rotation), actor)),
  );
  addRoute(
    room,
    {
      method: 'post',
      path: '/api/v1/keys/{id}/activate',
      operationId: 'activateKey',
      summary: 'Sign with a key that is there, or let it sign beside the active one',
      scope: 'installation',
      role: 'operator',
      params: keyParamsSchema,
      body: activateKeySchema,
      answer: keySchema,
    },
    async ({ params, body, actor }) => Response.json(await center.activateKey(params.id, exact(body), actor)),
  );
  addRoute(
    room,
    {
      method: 'post',
      path: '/api/v1/keys/{id}/retire',
      operationId: 'retireKey',
      summary: 'Sign with a key no more',
      scope: 'installation',
      role: 'operator',
      params: keyParamsSchema,
      answer: keySchema,
    },
    async ({ params, actor }) => Response.json(await center.retireKey(params.id, actor)),
  );
  addRoute(
    room,
    {
      method: 'post',
      path: '/api/v1/sign',
      operationId: 'signFile',
      summary: 'Sign the body as a file; its sigstore bundle comes back',
      scope: 'installation',
      role: 'operator',
      upload: 'application/octet-stream',
      answer: fileBundleSchema,
    },
    async ({ request, actor }) => {
      const bundle = await center.signFile(await readByteBody(request, limits.signedFileBytes), actor);
      return Response.json({ bundle: JSON.parse(bundle.toString('utf8')) as unknown });
    },
  );
}
