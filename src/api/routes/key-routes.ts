// /api/v1/keys: signing keys. Private parts come in and never go out.

import { addRoute, type RouteRoom } from '../route.ts';
import { importKeySchema, keySchema, keysSchema } from '../schemas.ts';

export function addKeyRoutes(room: RouteRoom): void {
  const { center } = room;
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
      answer: keySchema,
    },
    async ({ actor }) => Response.json(await center.generateKey(actor)),
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
    async ({ body, actor }) => Response.json(await center.importKey(body.key, body.password, actor)),
  );
}
